// Tables: boosting, a forest and predictions beside LightGBM and scikit-learn on the same rows in the same run. Each model runs in a
// process of its own; the peers in a python that has them (ATELIER_BENCH_PYTHON, else python3); without one, our own numbers stand alone and are said to.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { boostedTrees } from "#lib/learn/estimators/boosted-trees.ts";
import type { Estimator } from "#lib/learn/estimators/estimator.ts";
import { logisticRegression } from "#lib/learn/estimators/logistic.ts";
import { rocAuc } from "#lib/learn/metrics/classification.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { stratifiedFolds, takeRows } from "#lib/learn/tables/table.ts";
import { line, ms, times } from "#test/bench/figures.ts";
import { readTable } from "#test/kit/tables.ts";

const width = 20;
const testRows = 20_000;

/** Rows in a folder, as every process of the bench reads them, and the best area there is. */
type Data = { folder: string; rows: number; bayes: number };

/** Twenty normal columns, nine of which matter, with products, waves and steps; the best possible area is about .895. */
const makeData = (rows: number): Data => {
  const random = mulberry32(7);
  const normal = (): number => Math.sqrt(-2 * Math.log(Math.max(random(), 1e-12))) * Math.cos(2 * Math.PI * random());
  const all = rows + testRows;
  const flat = new Float32Array(all * width);
  const y = new Uint8Array(all);
  const truth = new Float64Array(all);
  for (let i = 0; i < all; i++) {
    const v = flat.subarray(i * width, (i + 1) * width);
    for (let j = 0; j < width; j++) v[j] = normal();
    const z =
      1.2 * v[0]! -
      0.8 * v[1]! +
      v[2]! * v[3]! +
      0.7 * Math.sin(2 * v[4]!) +
      0.6 * (v[5]! > 0.5 ? 1 : -0.5) +
      0.5 * v[6]! ** 2 -
      0.5 +
      0.9 * Math.max(v[7]!, v[8]!) -
      0.4;
    truth[i] = 1 / (1 + Math.exp(-1.2 * z));
    y[i] = Number(random() < truth[i]!);
  }
  const folder = mkdtempSync(join(tmpdir(), "atelier-bench-"));
  writeFileSync(join(folder, "x"), flat);
  writeFileSync(join(folder, "y"), y);
  return { folder, rows, bayes: rocAuc(y.subarray(rows), truth.subarray(rows)) };
};

const peers = `
import sys, time, json, resource
import numpy as np
folder, rows, trees, what = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
x = np.fromfile(folder + "/x", dtype=np.float32).reshape(-1, ${width}); y = np.fromfile(folder + "/y", dtype=np.uint8)
from sklearn.metrics import roc_auc_score
def make():
    if what == "lightgbm":
        import lightgbm
        return lightgbm.LGBMClassifier(n_estimators=trees, max_depth=6, num_leaves=63, learning_rate=.1, n_jobs=${Math.min(8, availableParallelism())}, min_child_samples=20, reg_lambda=1, verbose=-1)
    if what == "hist":
        from sklearn.ensemble import HistGradientBoostingClassifier
        return HistGradientBoostingClassifier(max_iter=trees, max_depth=6, max_leaf_nodes=63, learning_rate=.1, early_stopping=False, l2_regularization=1)
    if what == "forest":
        from sklearn.ensemble import RandomForestClassifier
        return RandomForestClassifier(trees, n_jobs=${Math.min(8, availableParallelism())}, random_state=0)
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    return make_pipeline(StandardScaler(), LogisticRegression())
start = time.perf_counter(); model = make().fit(x[:rows], y[:rows]); fit = time.perf_counter() - start
auc = roc_auc_score(y[rows:], model.predict_proba(x[rows:])[:, 1])
def timed(n, repeats):
    took = []
    for _ in range(repeats):
        start = time.perf_counter(); model.predict_proba(x[rows:rows + n]); took.append(time.perf_counter() - start)
    return sorted(took)[len(took) // 2] * 1000
print(json.dumps({"fit": fit * 1000, "auc": auc, "one": timed(1, 100), "many": timed(10000, 7), "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
`;

type Seen = { fit: number; auc: number; one: number; many: number; peak: number };

/** What a peer does on the same rows, or null where there is no python with it. */
const askPeer = (data: Data, trees: number, what: string): Seen | null => {
  const python = process.env.ATELIER_BENCH_PYTHON ?? "python3";
  const ran = spawnSync(python, ["-c", peers, data.folder, String(data.rows), String(trees), what], { encoding: "utf8" });
  return ran.status === 0 ? (JSON.parse(ran.stdout.trim().split("\n").at(-1)!) as Seen) : null;
};

/** What we do on them; `allPeak` counts writing the file and the runtime that serves it, too. */
const askOurs = (data: Data, trees: number, what: string): Seen & { allPeak: number } => {
  const script = fileURLToPath(new URL("./tables-own.ts", import.meta.url));
  const ran = spawnSync(process.execPath, [script, data.folder, String(data.rows), String(trees), what], { encoding: "utf8" });
  if (ran.status !== 0) throw new Error(`${what}: ${ran.stderr}`);
  return JSON.parse(ran.stdout.trim().split("\n").at(-1)!) as Seen & { allPeak: number };
};

const compare = (say: (line: string) => void, data: Data, what: string, own: string, trees: number, others: readonly string[]): void => {
  const seen = askOurs(data, trees, own);
  const memory = `${Math.round(seen.peak)} MB, ${Math.round(seen.allPeak)} MB with the file and its runtime`;
  say(line(`${what}: fit`, ms(seen.fit), `AUC ${seen.auc.toFixed(4)} of ${data.bayes.toFixed(4)} possible, ${memory}`));
  say(line(`${what}: one row, 10,000 rows through ONNX`, `${ms(seen.one)}, ${ms(seen.many)}`));
  for (const other of others) {
    const peer = askPeer(data, trees, other);
    if (!peer) say(line(`  ${other}`, "–", "no python with it: set ATELIER_BENCH_PYTHON"));
    else {
      say(
        line(
          `  ${other}: fit`,
          ms(peer.fit),
          `AUC ${peer.auc.toFixed(4)}, ${Math.round(peer.peak)} MB with predictions · we take ${times(seen.fit / peer.fit)} its time`,
        ),
      );
      say(
        line(
          `  ${other}: one row, 10,000 rows`,
          `${ms(peer.one)}, ${ms(peer.many)}`,
          `ONNX is ${times(peer.one / seen.one)} and ${times(peer.many / seen.many)} as fast`,
        ),
      );
    }
  }
};

const realTables: [string, string, string, string][] = [
  ["lending_club", "drizzle/seed/data/lending_club.csv", "Class", "bad"],
  ["credit_data", "test/learn/data/credit_data.csv", "Status", "bad"],
  ["churn", "test/learn/data/churn.csv", "churn", "yes"],
];

const judges = `
import sys, json
import numpy as np, pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
path, target, positive, folds = sys.argv[1], sys.argv[2], sys.argv[3], json.load(open(sys.argv[4]))
table = pd.read_csv(path, na_values=["NA"], keep_default_na=True)
y = (table.pop(target) == positive).astype(int).to_numpy()
numbers = [c for c in table if pd.api.types.is_numeric_dtype(table[c])]
texts = [c for c in table if c not in numbers]
table[texts] = table[texts].astype(object).where(table[texts].notna(), "")
def models():
    linear = make_column_transformer((make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers), (OneHotEncoder(handle_unknown="ignore"), texts))
    yield "logistic", lambda: make_pipeline(linear, LogisticRegression(max_iter=2000))
    codes = lambda: make_column_transformer(("passthrough", numbers), (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=200), texts))
    yield "hist", lambda: make_pipeline(codes(), HistGradientBoostingClassifier(max_iter=150, max_depth=3, learning_rate=.06, early_stopping=False, categorical_features=list(range(len(numbers), len(numbers) + len(texts)))))
    try:
        import lightgbm
        yield "lightgbm", lambda: make_pipeline(codes(), lightgbm.LGBMClassifier(n_estimators=150, max_depth=3, num_leaves=8, learning_rate=.06, verbose=-1))
    except ImportError: pass
import warnings; warnings.filterwarnings("ignore")
out = {}
for name, make in models():
    areas = []
    for fold in folds:
        model = make().fit(table.iloc[fold["trainRows"]], y[fold["trainRows"]])
        areas.append(roc_auc_score(y[fold["testRows"]], model.predict_proba(table.iloc[fold["testRows"]])[:, 1]))
    out[name] = float(np.mean(areas))
print(json.dumps(out))
`;

const ours = (): Record<string, Estimator> => ({
  logistic: logisticRegression(),
  boosting: boostedTrees({ trees: 150, depth: 3, rate: 0.06 }),
});

/** Areas over the same five stratified folds, ours and theirs. */
const compareQuality = async (say: (line: string) => void): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "atelier-bench-"));
  for (const [name, path, target, positive] of realTables) {
    const table = readTable(path);
    const folds = stratifiedFolds(table, target, 5, 0);
    const means: Record<string, number> = {};
    for (const [family, estimator] of Object.entries(ours())) {
      const areas: number[] = [];
      for (const fold of folds) {
        const test = takeRows(table, fold.testRows);
        areas.push((await estimator.fit(takeRows(table, fold.trainRows), { target, positive })).evaluate(test).auc!);
      }
      means[family] = areas.reduce((a, b) => a + b) / areas.length;
    }
    writeFileSync(join(folder, "folds"), JSON.stringify(folds));
    const ran = spawnSync(process.env.ATELIER_BENCH_PYTHON ?? "python3", ["-c", judges, path, target, positive, join(folder, "folds")], {
      encoding: "utf8",
    });
    const peer = ran.status === 0 ? (JSON.parse(ran.stdout.trim().split("\n").at(-1)!) as Record<string, number>) : {};
    const list = (areas: Record<string, number>): string =>
      Object.entries(areas)
        .map(([one, area]) => `${one} ${area.toFixed(4)}`)
        .join(", ");
    const gap = Math.max(...Object.values(means)) - Math.max(...Object.values(peer), 0);
    say(
      line(
        `${name}: AUC over five folds`,
        Math.max(...Object.values(means)).toFixed(4),
        `${list(means)} · theirs ${list(peer) || "–"}${ran.status === 0 ? ` · best minus best ${gap.toFixed(4)}` : ""}`,
      ),
    );
  }
  rmSync(folder, { recursive: true });
};

/** Prints lines; nothing here can fail on time. */
export const bench = async (say: (line: string) => void): Promise<void> => {
  await compareQuality(say);
  const small = makeData(50_000);
  compare(say, small, "boosting 50k × 20, 300 trees", "boosting", 300, ["lightgbm", "hist"]);
  compare(say, small, "forest 50k × 20, 100 trees", "forest", 100, ["forest"]);
  compare(say, small, "logistic 50k × 20", "logistic", 0, ["logistic"]);
  rmSync(small.folder, { recursive: true });
  const large = makeData(1_000_000);
  compare(say, large, "boosting 1M × 20, 100 trees", "boosting", 100, ["lightgbm", "hist"]);
  rmSync(large.folder, { recursive: true });
};
