# How much parameters matter by Optuna's mean decrease of impurity, beside lib/learn/search/importance.ts: trials with their values, and the
# peer's shares by 20 seeds. Run with Python 3.11: pip install optuna==5.0.0 scikit-learn==1.9.1; python importance.py > importance.json
import json
import math

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

optuna.logging.set_verbosity(optuna.logging.ERROR)
random = np.random.default_rng(7)
space = {
    "rate": FloatDistribution(1e-4, 1, log=True),
    "depth": IntDistribution(1, 12),
    "share": FloatDistribution(0, 1),
    "idle": FloatDistribution(-3, 3),
    "kind": CategoricalDistribution(["a", "b", "c"]),
}
study = optuna.create_study(direction="minimize")
trials = []
for _ in range(300):
    params = {
        "rate": float(10 ** random.uniform(-4, 0)),
        "depth": int(random.integers(1, 13)),
        "share": float(random.uniform()),
        "idle": float(random.uniform(-3, 3)),
        "kind": ["a", "b", "c"][random.integers(3)],
    }
    value = 0.2 * (math.log10(params["rate"]) + 1.5) ** 2 + 0.05 * params["depth"] + 0.8 * params["share"] + (0.9 if params["kind"] == "b" else 0)
    trials.append({"params": params, "value": value})
    study.add_trial(optuna.trial.create_trial(params=params, distributions=space, value=value))

shares = {name: [] for name in space}
for seed in range(20):
    evaluator = optuna.importance.MeanDecreaseImpurityImportanceEvaluator(seed=seed)
    for name, share in optuna.importance.get_param_importances(study, evaluator=evaluator).items():
        shares[name].append(share)
print(json.dumps({"trials": trials, "shares": shares}))
