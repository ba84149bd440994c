# What Optuna does, for lib/learn/search. Run: python search.py > search.json (seconds); python search.py best > search-best.json (minutes)
# Package: optuna 5.0.0. Pruning decisions on interleaved trials, and best values of TPE and random search at 100 trials over 30 seeds.
import json, math, random, sys
import optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
import warnings; warnings.simplefilter("ignore")

def table(pruner, direction, seed, name):
    rnd = random.Random(seed)
    study = optuna.create_study(pruner=pruner, direction=direction, study_name=name, sampler=optuna.samplers.RandomSampler(seed=0))
    events, running, started = [], {}, 0
    while started < 60 or running:
        if started < 60 and (len(running) < 4 or rnd.random() < 0.1):
            t = study.ask(); running[t.number] = [t, 0, rnd.random(), rnd.choice([1, 1, 30])]; started += 1
            continue
        n = rnd.choice(sorted(running)); one = running[n]; one[1] += 1
        value = round(one[2] + rnd.gauss(0, 0.3) / one[1] + 1 / (1 + one[1]), 2)
        one[0].report(value, one[1]); stop = bool(one[0].should_prune())
        events.append([n, one[1], value, stop])
        if stop: study.tell(one[0], state=optuna.trial.TrialState.PRUNED); del running[n]; events.append([n, "pruned"])
        elif one[1] >= 90 or rnd.random() < 0.01: study.tell(one[0], value); del running[n]; events.append([n, "complete", value])
    return {"direction": direction, "name": name, "events": events}

A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
P = [[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991], [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]]

def branin(t):
    x, y = t.suggest_float("x", -5, 10), t.suggest_float("y", 0, 15)
    return (y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6) ** 2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10

def hartmann(t):
    x = [t.suggest_float(f"x{i}", 0, 1) for i in range(6)]
    return -sum(c * math.exp(-sum(a * (v - p / 10000) ** 2 for a, v, p in zip(A[i], x, P[i]))) for i, c in enumerate([1, 1.2, 3, 3.2]))

def mixed(t):
    offset = {"a": 0.4, "b": 0.0, "c": 0.7, "d": 1.0, "e": 0.2}[t.suggest_categorical("letter", ["a", "b", "c", "d", "e"])]
    if t.suggest_categorical("kind", ["smooth", "steps"]) == "smooth":
        return offset + (math.log10(t.suggest_float("rate", 1e-5, 10, log=True)) + 2) ** 2 + 0.05 * (t.suggest_int("depth", 1, 20) - 7) ** 2
    return offset + 0.3 + 0.5 * (t.suggest_float("shift", -5, 5) - 1) ** 2 + 0.1 * abs(t.suggest_int("width", 1, 64, log=True) - 12)

def best(objective, make):
    out = []
    for seed in range(30):
        study = optuna.create_study(sampler=make(seed)); study.optimize(objective, n_trials=100); out.append(study.best_value)
    return out

classic = lambda s: optuna.samplers.TPESampler(seed=s, multivariate=False, constant_liar=False)
out = {"version": optuna.__version__, "pruning": {
    "asha": [table(optuna.pruners.SuccessiveHalvingPruner(), d, s, "asha") for s, d in [(1, "minimize"), (2, "maximize"), (3, "minimize")]],
    "ashaSet": [table(optuna.pruners.SuccessiveHalvingPruner(min_resource=2, reduction_factor=3, min_early_stopping_rate=1, bootstrap_count=2), d, s, "asha") for s, d in [(4, "minimize"), (5, "maximize")]],
    "hyperband": [table(optuna.pruners.HyperbandPruner(), d, s, n) for s, d, n in [(6, "minimize", "one"), (7, "maximize", "two")]],
    "median": [table(optuna.pruners.MedianPruner(), d, s, "median") for s, d in [(8, "minimize"), (9, "maximize")]]}}
if sys.argv[1:] == ["best"]:
    out = {"version": optuna.__version__, "best": {name: {"tpe": best(f, classic), "random": best(f, lambda s: optuna.samplers.RandomSampler(seed=s))}
               for name, f in [("branin", branin), ("hartmann6", hartmann), ("mixed", mixed)]}}
print(json.dumps(out, separators=(",", ":")))
