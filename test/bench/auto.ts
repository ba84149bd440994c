// AutoML on the three real tables: on rows nobody saw, beside every single default of ours and of scikit-learn and LightGBM on the same
// splits. ATELIER_BENCH_SECONDS is the budget (300), ATELIER_BENCH_SEEDS how many splits (3), ATELIER_BENCH_TABLES which tables,
// ATELIER_BENCH_PYTHON a python with the peers.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auto } from "#lib/learn/auto/auto.ts";
import { defaultsFor, estimatorFor } from "#lib/learn/auto/portfolio.ts";
import { rocAuc } from "#lib/learn/metrics/classification.ts";
import { type Columns, columnOf, labelsOf, rowCount, stratifiedFolds, takeRows } from "#lib/learn/tables/table.ts";
import { line } from "#test/bench/figures.ts";
import { readTable } from "#test/kit/tables.ts";

const tables: [string, string, string, string][] = [
  ["lending_club", "drizzle/seed/data/lending_club.csv", "Class", "bad"],
  ["credit_data", "test/learn/data/credit_data.csv", "Status", "bad"],
  ["churn", "test/learn/data/churn.csv", "churn", "yes"],
];

const peers = `
import sys, json, warnings
import numpy as np, pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
import lightgbm
warnings.filterwarnings("ignore")
path, target, positive, split = sys.argv[1], sys.argv[2], sys.argv[3], json.load(open(sys.argv[4]))
table = pd.read_csv(path, na_values=["NA"], keep_default_na=True)
y = (table.pop(target) == positive).astype(int).to_numpy()
numbers = [c for c in table if pd.api.types.is_numeric_dtype(table[c])]
texts = [c for c in table if c not in numbers]
table[texts] = table[texts].astype(object).where(table[texts].notna(), "")
linear = lambda: make_column_transformer((make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers), (OneHotEncoder(handle_unknown="ignore"), texts))
codes = lambda: make_column_transformer(("passthrough", numbers), (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=200), texts))
categories = list(range(len(numbers), len(numbers) + len(texts)))
models = {
  "scikit-learn logistic": make_pipeline(linear(), LogisticRegression(max_iter=2000)),
  "scikit-learn forest": make_pipeline(linear(), RandomForestClassifier(random_state=0, n_jobs=2)),
  "scikit-learn hist": make_pipeline(codes(), HistGradientBoostingClassifier(categorical_features=categories, random_state=0)),
  "LightGBM": make_pipeline(codes(), lightgbm.LGBMClassifier(verbose=-1, random_state=0)),
}
out = {}
for name, model in models.items():
    model.fit(table.iloc[split["trainRows"]], y[split["trainRows"]])
    out[name] = roc_auc_score(y[split["testRows"]], model.predict_proba(table.iloc[split["testRows"]])[:, 1])
print(json.dumps(out))
`;

type Split = { trainRows: number[]; testRows: number[] };

const askPeers = (path: string, target: string, positive: string, split: Split): Record<string, number> => {
  const folder = mkdtempSync(join(tmpdir(), "atelier-bench-"));
  writeFileSync(join(folder, "split.json"), JSON.stringify(split));
  const python = process.env.ATELIER_BENCH_PYTHON ?? "python3";
  const ran = spawnSync(python, ["-c", peers, path, target, positive, join(folder, "split.json")], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  return ran.status === 0 ? (JSON.parse(ran.stdout.trim().split("\n").at(-1)!) as Record<string, number>) : {};
};

const ownDefaults = async (train: Columns, test: Columns, target: string, positive: string): Promise<Record<string, number>> => {
  const truth = labelsOf(test, target, positive);
  const areas: Record<string, number> = {};
  for (const one of defaultsFor("binary", rowCount(train)))
    areas[`our ${one.family}`] = rocAuc(truth, (await estimatorFor(one, {}).fit(train, { target, positive })).predict(test));
  return areas;
};

export const bench = async (say: (line: string) => void): Promise<void> => {
  const seconds = Number(process.env.ATELIER_BENCH_SECONDS ?? 300);
  const seeds = Number(process.env.ATELIER_BENCH_SEEDS ?? 3);
  const wanted = process.env.ATELIER_BENCH_TABLES?.split(",");
  for (const [name, path, target, positive] of tables.filter(([one]) => !wanted || wanted.includes(one))) {
    const table = readTable(path);
    columnOf(table, target);
    const lines: Record<string, number[]> = {};
    for (let seed = 1; seed <= seeds; seed++) {
      const split = stratifiedFolds(table, target, 4, 100 + seed)[0]!;
      const [train, test] = [takeRows(table, split.trainRows), takeRows(table, split.testRows)];
      const found = await auto(train, { target, positive, budget: { seconds }, seed });
      const own = rocAuc(labelsOf(test, target, positive), found.model.predict(test));
      const all = { AutoML: own, ...(await ownDefaults(train, test, target, positive)), ...askPeers(path, target, positive, split) };
      for (const [who, area] of Object.entries(all)) lines[who] = [...(lines[who] ?? []), area];
      say(
        `  ${name}, split ${seed}: AutoML ${own.toFixed(4)} after ${found.trials.length} trials, ${found.model.kind}; cross-validated ${found.score.toFixed(4)}`,
      );
    }
    const mean = (areas: number[]): number => areas.reduce((sum, one) => sum + one, 0) / areas.length;
    for (const [who, areas] of Object.entries(lines).sort(([, a], [, b]) => mean(b) - mean(a)))
      say(line(`${name}: ${who}`, mean(areas).toFixed(4), areas.map((one) => one.toFixed(4)).join(" ")));
  }
};
