# Golden numbers of prediction metrics and splitters. Run: python metrics.py > metrics.json
# Packages: scikit-learn 1.9.1, scipy 1.17.1, statsmodels 0.15.0, numpy 2.4.6. Seed 7.
import json
import numpy as np, scipy, sklearn, statsmodels.api as sm
from scipy import stats
from sklearn import metrics as m
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, TimeSeriesSplit
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

rng = np.random.default_rng(7)
n = 400
y = (rng.random(n) < 0.3).astype(int)
p = np.round(np.clip(0.3 + 0.25 * (y - 0.3) + 0.2 * rng.standard_normal(n), 0.01, 0.99), 3)  # rounded: ties
truth = rng.choice(["a", "b", "c"], n, p=[0.6, 0.3, 0.1])
called = np.where(rng.random(n) < 0.7, truth, rng.choice(["a", "b", "c"], n))
z = rng.gamma(2.0, 3.0, n)
zhat = z * 0.8 + rng.gamma(1.0, 1.0, n) + 0.1
gains = rng.integers(0, 4, (5, 12)); scores = rng.permutation(60).reshape(5, 12) / 60
groups = rng.integers(0, 23, n)
logit = sm.Logit(y, sm.add_constant(np.log(p / (1 - p)))).fit(disp=0)
called_b = np.where(rng.random(n) < 0.78, truth, rng.choice(["a", "b", "c"], n))
right, right_b = called == truth, called_b == truth
table = [[int((right & right_b).sum()), int((right & ~right_b).sum())], [int((~right & right_b).sum()), int((~right & ~right_b).sum())]]
mc = mcnemar(table, exact=False, correction=True)
avg = {}
for beta in (1, 2):
    for kind in ("macro", "micro", "weighted"):
        pr, rc, f, _ = m.precision_recall_fscore_support(truth, called, beta=beta, average=kind)
        avg[f"{kind}{beta}"] = [pr, rc, f]
folds = lambda it: [[tr.tolist(), te.tolist()] for tr, te in it]
out = {
    "versions": {"sklearn": sklearn.__version__, "scipy": scipy.__version__, "numpy": np.__version__}, "seed": 7,
    "y": y.tolist(), "p": p.tolist(), "truth": truth.tolist(), "called": called.tolist(), "calledB": called_b.tolist(),
    "z": z.tolist(), "zhat": zhat.tolist(), "gains": gains.tolist(), "scores": scores.tolist(), "groups": groups.tolist(),
    "binary": {"auc": m.roc_auc_score(y, p), "ap": m.average_precision_score(y, p), "logLoss": m.log_loss(y, p), "brier": m.brier_score_loss(y, p),
               "intercept": float(logit.params[0]), "slope": float(logit.params[1])},
    "labels": {"confusion": m.confusion_matrix(truth, called).tolist(), "mcc": m.matthews_corrcoef(truth, called), "accuracy": m.accuracy_score(truth, called),
               "balanced": m.balanced_accuracy_score(truth, called), "averages": avg},
    "regression": {"mae": m.mean_absolute_error(z, zhat), "rmse": m.root_mean_squared_error(z, zhat), "r2": m.r2_score(z, zhat), "mape": m.mean_absolute_percentage_error(z, zhat),
                   "pinball": m.mean_pinball_loss(z, zhat, alpha=0.9), "poisson": m.mean_poisson_deviance(z, zhat), "median": m.median_absolute_error(z, zhat)},
    "ndcg": {"5": m.ndcg_score(gains, scores, k=5), "12": m.ndcg_score(gains, scores, k=12)},
    "map": float(np.mean([m.average_precision_score(g > 0, s) for g, s in zip(gains, scores)])),
    "mcnemar": {"statistic": float(mc.statistic), "p": float(mc.pvalue)},
    "bh": {"p": (ps := np.round(rng.random(20) ** 3, 6).tolist()), "adjusted": multipletests(ps, method="fdr_bh")[1].tolist()},
    "groupFolds": folds(GroupKFold(4).split(z[:60], groups=np.repeat(np.arange(10), [11, 10, 9, 8, 7, 5, 4, 3, 2, 1]))),
    "stratifiedGroupFolds": folds(StratifiedGroupKFold(4).split(z, y, groups)),
    "timeFolds": folds(TimeSeriesSplit(4, gap=3, max_train_size=40).split(z[:100])),
    "tails": {"chi2": [[x, d, float(stats.chi2.sf(x, d))] for x in (0.01, 1, 7.5, 60, 300) for d in (1, 4, 9, 50)],
              "t": [[x, d, float(2 * stats.t.sf(x, d))] for x in (0.1, 1.5, 12) for d in (3, 40, 2000)],
              "normal": [[x, float(stats.norm.sf(x))] for x in (-3, 0.2, 2, 6, 20)]},
}
print(json.dumps(out, separators=(",", ":")))
