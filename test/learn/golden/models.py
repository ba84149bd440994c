# Golden numbers of trees, explanations, calibration, recommenders, basket rules, forecasts, fairness and intervals.
# Run: python models.py > models.json     (two minutes; every version and the seed are written into the file)
# Packages: scikit-learn, lightgbm, shap, implicit, mlxtend, statsmodels, sktime, fairlearn, krippendorff, scipy, numpy, pandas.
import json, os, warnings
os.environ["OPENBLAS_NUM_THREADS"] = "1"
warnings.simplefilter("ignore")
from importlib.metadata import version
import numpy as np, pandas as pd, scipy.sparse, shap
from fairlearn.metrics import demographic_parity_difference, demographic_parity_ratio, equal_opportunity_difference, equalized_odds_difference
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender
from krippendorff import alpha
from lightgbm import LGBMClassifier, LGBMRegressor
from mlxtend.frequent_patterns import apriori, association_rules
from scipy import stats
from sklearn import metrics as m
from sklearn.calibration import _SigmoidCalibration, _TemperatureScaling
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, IsolationForest, RandomForestClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler, TargetEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sktime.forecasting.naive import NaiveForecaster
from statsmodels.tsa.holtwinters import ExponentialSmoothing

seed = 20261126
rng = np.random.default_rng(seed)
names = ["scikit-learn", "lightgbm", "shap", "implicit", "mlxtend", "statsmodels", "sktime", "fairlearn", "krippendorff", "scipy", "numpy", "pandas"]
out = {"versions": {name: version(name) for name in names}, "seed": seed}
flat = lambda a: [float(f"{v:.9g}") for v in np.asarray(a, dtype=float).ravel()]

# 600 rows of few different values, so that bins are the values themselves on both sides; column 2 has gaps
n, train = 600, 400
x = np.round(rng.normal(size=(n, 5)) * [1, 2, 1, 1.5, 1], 1)
x[rng.random(n) < 0.15, 2] = np.nan
full = np.nan_to_num(x, nan=-1.5)
risk = 1.3 * x[:, 0] - 0.8 * np.abs(x[:, 1]) + full[:, 2] * (x[:, 3] > 0) + 0.8
y2 = (rng.random(n) < 1 / (1 + np.exp(-risk))).astype(int)
y3 = np.digitize(risk + rng.normal(size=n), [-1.0, 1.0])
yn = np.round(2 * risk + rng.normal(size=n), 3)
yc = rng.poisson(np.exp(np.clip(0.4 * risk, -3, 2)))
w = np.round(rng.random(n) * 3 + 0.1, 1)
out["table"] = {"train": train, "x": [[None if np.isnan(v) else v for v in c] for c in x.T], "y2": y2.tolist(), "y3": y3.tolist(), "yn": yn.tolist(), "yc": yc.tolist(), "w": w.tolist()}
xt, xe = x[:train], x[train:]
ft, fe = full[:train], full[train:]

# boosting, tree by tree the same: no sampling, no early stopping, leaves by depth
how = dict(learning_rate=0.2, max_iter=15, max_depth=3, max_leaf_nodes=None, min_samples_leaf=10, l2_regularization=1.0, early_stopping=False)
hist = lambda y, **k: HistGradientBoostingClassifier(**how, **k).fit(xt, y[:train])
two = hist(y2)
squares = HistGradientBoostingRegressor(**how).fit(xt, yn[:train])
out["boosted"] = {
    "binary": flat(two.predict_proba(x)[:, 1]),
    "classes": flat(hist(y3).predict_proba(x)),
    "squares": flat(squares.predict(x)),
    "weighted": flat(HistGradientBoostingRegressor(**how).fit(xt, yn[:train], sample_weight=w[:train]).predict(x)),
    "poisson": flat(HistGradientBoostingRegressor(loss="poisson", **how).fit(xt, yc[:train]).predict(x)),
}
# and by quality on rows kept aside, where trees may differ
light = dict(n_estimators=60, learning_rate=0.1, num_leaves=16, max_depth=4, min_child_samples=10, reg_lambda=1, verbose=-1, n_jobs=1)
# the quadratic gain of values held in bounds is LightGBM's
exact = dict(n_estimators=15, learning_rate=0.2, num_leaves=8, max_depth=3, min_child_samples=10, reg_lambda=1, min_data_in_bin=1, verbose=-1, n_jobs=1)
out["boosted"]["monotone"] = flat(LGBMRegressor(monotone_constraints=[1, -1, 0, 0, 0], monotone_constraints_method="basic", **exact).fit(ft, yn[:train]).predict(full))
quantile = LGBMRegressor(objective="quantile", alpha=0.8, **light).fit(xt, yn[:train]).predict(xe)
out["lightgbm"] = {
    "auc": m.roc_auc_score(y2[train:], LGBMClassifier(**light).fit(xt, y2[:train]).predict_proba(xe)[:, 1]),
    "logLoss": m.log_loss(y3[train:], LGBMClassifier(**light).fit(xt, y3[:train]).predict_proba(xe)),
    "rmse": m.root_mean_squared_error(yn[train:], LGBMRegressor(**light).fit(xt, yn[:train]).predict(xe)),
    "pinball": m.mean_pinball_loss(yn[train:], quantile, alpha=0.8),
}

# forests: the answer of very many trees, which ours must come near, and what one forest of theirs is away from it
def forests(make, y, answer):
    each = np.array([answer(make(s).fit(ft, y[:train])) for s in range(10)])
    mean = each.mean(axis=0)
    return {"answers": flat(mean), "apart": float(np.sqrt(((each - mean) ** 2).mean(axis=tuple(range(1, each.ndim)))).mean())}
out["forests"] = {
    "binary": forests(lambda s: RandomForestClassifier(300, random_state=s), y2, lambda f: f.predict_proba(full)[:, 1]),
    "classes": forests(lambda s: RandomForestClassifier(300, random_state=s, min_samples_leaf=3), y3, lambda f: f.predict_proba(full)),
    "number": forests(lambda s: RandomForestRegressor(100, random_state=s, min_samples_leaf=2), yn, lambda f: f.predict(full)),
    "isolation": forests(lambda s: IsolationForest(n_estimators=300, max_samples=256, random_state=s), y2, lambda f: -f.score_samples(full)),
}

# single trees, exactly, and what explains them
# weights leave no two cuts equally good
weight = dict(sample_weight=w[:train])
tree = DecisionTreeClassifier(max_depth=4, min_samples_leaf=8, random_state=0).fit(ft, y2[:train], **weight)
three = DecisionTreeClassifier(max_depth=4, min_samples_leaf=8, random_state=0).fit(ft, y3[:train], **weight)
number = DecisionTreeRegressor(max_depth=4, min_samples_leaf=8, random_state=0).fit(ft, yn[:train], **weight)
said = lambda model, rows: shap.TreeExplainer(model, feature_perturbation="tree_path_dependent").shap_values(rows)
grid = sorted(set(ft[:, 1].tolist()))[::6]
curve = lambda model, **k: flat(partial_dependence(model, ft, [1], custom_values={1: np.array(grid)}, method="brute", kind="average", **k)["average"])
permuted = permutation_importance(number, fe, yn[train:], scoring="neg_root_mean_squared_error", n_repeats=400, random_state=0)
out["trees"] = {
    "binary": flat(tree.predict_proba(full)[:, 1]), "classes": flat(three.predict_proba(full)), "number": flat(number.predict(full)),
    "importance": flat(tree.feature_importances_),
    "shap": flat(said(tree, fe[:20])[:, :, 1]), "shapClass": flat(said(three, fe[:20])[:, :, 2]), "shapNumber": flat(said(number, fe[:20])),
    "shapBoosted": flat(said(two, xe[:20])), "base": float(np.ravel(shap.TreeExplainer(two).expected_value)[0]),
    "grid": grid, "dependence": curve(tree, response_method="predict_proba"), "dependenceNumber": curve(number),
    "permuted": {"mean": flat(permuted.importances_mean), "sd": flat(permuted.importances_std)},
}

# calibration of an overconfident score
z = np.round(2.5 * risk + rng.normal(size=n), 3)
platt = _SigmoidCalibration().fit(z, y2)
logits = np.round(np.column_stack([np.zeros(n), 1.5 * risk, 3 * risk - 3]), 4)
beta = _TemperatureScaling().fit(logits, y3).beta_
out["calibration"] = {"z": z.tolist(), "slope": float(-platt.a_), "shift": float(-platt.b_), "logits": flat(logits), "temperature": float(1 / beta)}

# encodings
levels = rng.choice(list("abcde"), n, p=[0.4, 0.3, 0.2, 0.07, 0.03])
texts = [" ".join(rng.choice(["Late", "payment", "again", "42", "naïve", "can't", "thanks"], rng.integers(0, 6))) for _ in range(12)]
many = TargetEncoder(smooth=5.0, target_type="multiclass").fit(levels.reshape(-1, 1), y3)
out["encodings"] = {
    "levels": levels.tolist(), "texts": texts,
    "oneHot": flat(OneHotEncoder(categories=[["a", "b", "c", "d"]], handle_unknown="ignore", sparse_output=False).fit(levels.reshape(-1, 1)).transform(levels[:40].reshape(-1, 1))),
    "range": flat(MinMaxScaler().fit(full[:, :1]).transform(full[:, :1])),
    "targetClasses": {c: [float(e[i]) for e in many.encodings_] for i, c in enumerate(many.categories_[0])},
    "targetNumber": dict(zip("abcde", TargetEncoder(smooth=5.0, target_type="continuous").fit(levels.reshape(-1, 1), yn).encodings_[0].tolist())),
    "hashed": flat(HashingVectorizer(n_features=32, norm=None, token_pattern=r"(?u)\w+").transform(texts).toarray()),
}
blobs = np.round(np.concatenate([rng.normal(c, 1, size=(60, 2)) for c in ([0, 0], [5, 1], [1, 6])]), 2)
zs = StandardScaler().fit_transform(blobs)
km = KMeans(3, n_init=20, random_state=0, tol=1e-9, max_iter=1000).fit(zs)
out["clusters"] = {"x": blobs.T.tolist(), "inertia": float(km.inertia_), "distances": flat(np.sort(km.transform(zs), axis=1))}

# recommenders: ALS from the same start (mulberry32, seed 0), in float64
def mulberry32(state):
    while True:
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = ((state ^ (state >> 15)) * (state | 1)) & 0xFFFFFFFF
        t ^= (t + ((t ^ (t >> 7)) * (t | 61) & 0xFFFFFFFF)) & 0xFFFFFFFF
        yield ((t ^ (t >> 14)) & 0xFFFFFFFF) / 2**32
users, items, f = 40, 25, 4
taken = np.round((rng.random((users, items)) < 0.25) * rng.integers(1, 5, (users, items))).astype(float)
taken[0, 0] = taken[-1, -1] = 1
random = mulberry32(0)
als = AlternatingLeastSquares(factors=f, regularization=0.3, alpha=1.0, dtype=np.float64, use_native=True, use_cg=False, iterations=6, random_state=0)
als.item_factors = np.array([(next(random) - 0.5) / np.sqrt(f) for _ in range(items * f)]).reshape(items, f)
als.user_factors = np.zeros((users, f))
# their confidence is alpha × weight, ours 1 + alpha × weight
als.fit(scipy.sparse.csr_matrix(np.where(taken > 0, 1 + 2.0 * taken, 0)), show_progress=False)
scores = als.user_factors @ als.item_factors.T
cosine = CosineRecommender(K=items)
cosine.fit(scipy.sparse.csr_matrix(taken), show_progress=False)
near = taken @ cosine.similarity.toarray()
out["recommend"] = {"taken": [[u, i, taken[u, i]] for u in range(users) for i in range(items) if taken[u, i]], "als": np.where(taken > 0, -1e9, scores).tolist(), "cosine": np.where(taken > 0, -1e9, near).tolist()}

baskets = [[i for i in "abcdefg" if rng.random() < p] for p in rng.uniform(0.2, 0.6, 200)]
frame = pd.DataFrame([{i: i in b for i in "abcdefg"} for b in baskets])
rules = association_rules(apriori(frame, min_support=0.08, use_colnames=True, max_len=3), metric="confidence", min_threshold=0.4)
rules = rules[rules.consequents.map(len) == 1]
out["baskets"] = {"baskets": ["|".join(b) for b in baskets], "rules": sorted([["".join(sorted(r.antecedents)), "".join(r.consequents), r.support, r.confidence, r.lift] for r in rules.itertuples()])}

t = np.arange(60)
series = np.round(50 + 0.4 * t + 8 * np.sin(2 * np.pi * t / 7) + rng.normal(size=60), 3)
ahead = np.arange(1, 16)
naive = lambda **k: flat(NaiveForecaster(**k).fit(pd.Series(series)).predict(fh=ahead))
# our season is smoothed by what is left after the new level, theirs by what is left before it: their gamma is ours × (1 − alpha)
smoothings = []
for a, b, g in [(0.3, 0.1, 0.2), (0.7, 0.05, 0.5), (0.05, 0.4, 0.9)]:
    level = series[:7].mean()
    model = ExponentialSmoothing(series[7:], trend="add", seasonal="add", seasonal_periods=7, initialization_method="known", initial_level=level, initial_trend=(series[7:14].mean() - level) / 7, initial_seasonal=series[:7] - level)
    got = model.fit(smoothing_level=a, smoothing_trend=b, smoothing_seasonal=g * (1 - a), optimized=False)
    smoothings.append({"alpha": a, "beta": b, "gamma": g, "sse": float(got.sse), "ahead": flat(got.forecast(15))})
out["forecasts"] = {"series": series.tolist(), "last": naive(strategy="last"), "seasonal": naive(strategy="last", sp=7), "mean": naive(strategy="mean"), "drift": naive(strategy="drift"), "smoothings": smoothings}

# fairness, curves, intervals
p = 1 / (1 + np.exp(-z)); p = np.round(p, 3)
group = rng.choice(["x", "y", "z"], n, p=[0.6, 0.3, 0.1])
called = (p >= 0.5).astype(int)
fair = dict(sensitive_features=group)
fpr, tpr, _ = m.roc_curve(y2, p, drop_intermediate=False)
precision, recall, _ = m.precision_recall_curve(y2, p)
interval = lambda *a, **k: [float(v) for v in stats.bootstrap(*a, n_resamples=9999, method="percentile", random_state=0, **k).confidence_interval]
right, better = (called == y2).astype(float), ((risk > 0) == y2).astype(float)
out["judging"] = {
    "p": p.tolist(), "group": group.tolist(), "parity": demographic_parity_difference(y2, called, **fair), "ratio": demographic_parity_ratio(y2, called, **fair),
    "opportunity": equal_opportunity_difference(y2, called, **fair), "odds": equalized_odds_difference(y2, called, **fair),
    "roc": [fpr.tolist(), tpr.tolist()], "pr": [precision.tolist(), recall.tolist()],
    "meanInterval": interval((yn,), statistic=np.mean), "aucInterval": interval((y2, p), statistic=lambda a, b: m.roc_auc_score(a, b), paired=True, vectorized=False),
    "right": right.tolist(), "better": better.tolist(), "pairedInterval": interval((right, better), statistic=lambda a, b, axis=-1: np.mean(b - a, axis=axis), paired=True),
}

# tests of two samples with ties and unequal sizes
pairs = [(np.round(rng.normal(size=80), 1), np.round(rng.normal(0.3, 1.2, size=55), 1)), (rng.integers(0, 6, 200).astype(float), rng.integers(0, 7, 120).astype(float)), (rng.exponential(size=300), rng.exponential(1.1, size=400))]
sided = lambda r: [float(r.statistic), float(r.pvalue)]
out["samples"] = [{
    "a": a.tolist(), "b": b.tolist(), "ks": sided(stats.ks_2samp(a, b)), "mannWhitney": sided(stats.mannwhitneyu(a, b, alternative="two-sided", method="asymptotic")),
    "cramer": sided(stats.cramervonmises_2samp(a, b, method="asymptotic")), "t": sided(stats.ttest_ind(a, b)), "epps": sided(stats.epps_singleton_2samp(a, b)),
    "anderson": sided(stats.anderson_ksamp([a, b], variant="midrank")), "wasserstein": stats.wasserstein_distance(a, b), "energy": stats.energy_distance(a, b),
} for a, b in pairs]

ratings = rng.integers(1, 6, (4, 30)).astype(float)
ratings[:, ::2] = np.clip(ratings[0, ::2] + rng.integers(-1, 2, (4, 15)), 1, 5)
ratings[rng.random((4, 30)) < 0.2] = np.nan
out["alpha"] = {"ratings": [[None if np.isnan(v) else v for v in r] for r in ratings], **{k: float(alpha(ratings, level_of_measurement=k)) for k in ("nominal", "ordinal", "interval", "ratio")}}
print(json.dumps(out, separators=(",", ":")))
