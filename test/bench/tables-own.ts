// Our side of the bench of tables, in a process of its own as each peer is, so that time and memory are those of one model: reads the rows
// the peers read, fits, predicts through ONNX, and prints what it saw as JSON.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import ort from "onnxruntime-node";
import { boostedTrees } from "#lib/learn/estimators/boosted-trees.ts";
import type { Estimator, Fitted } from "#lib/learn/estimators/estimator.ts";
import { logisticRegression } from "#lib/learn/estimators/logistic.ts";
import { randomForest } from "#lib/learn/estimators/random-forest.ts";
import { rocAuc } from "#lib/learn/metrics/classification.ts";
import type { Columns } from "#lib/learn/tables/table.ts";
import { median } from "#test/bench/figures.ts";

const [folder, rowText, treeText, what] = process.argv.slice(2) as [string, string, string, string];
const rows = Number(rowText);
const trees = Number(treeText);

const estimators: Record<string, () => Estimator> = {
  // as many bins as the peers take by default
  boosting: () => boostedTrees({ trees, depth: 6, rate: 0.1, bins: 254 }),
  forest: () => randomForest({ trees }),
  logistic: () => logisticRegression(),
};

const labels = readFileSync(join(folder, "y"));
const flat = new Float32Array(Uint8Array.from(readFileSync(join(folder, "x"))).buffer);
const width = flat.length / labels.length;

const columnsOf = (from: number, to: number): Columns => {
  const columns: Columns = {};
  for (let f = 0; f < width; f++) {
    const column = new Float64Array(to - from);
    for (let i = from; i < to; i++) column[i - from] = flat[i * width + f]!;
    columns[`x${f}`] = column;
  }
  columns.y = Float64Array.from(labels.subarray(from, to));
  return columns;
};

const peakOf = (): number => process.resourceUsage().maxRSS / 1024;

const timeOnnx = async (model: Fitted, test: Columns): Promise<{ one: number; many: number }> => {
  const session = await ort.InferenceSession.create(model.toOnnx(), { logSeverityLevel: 3, intraOpNumThreads: availableParallelism() });
  const timed = async (count: number, repeats: number): Promise<number> => {
    const feeds = Object.fromEntries(
      model.signature.inputs.map(({ name }) => [
        name,
        new ort.Tensor("float32", Float32Array.from((test[name] as Float64Array).subarray(0, count)), [count, 1]),
      ]),
    );
    await session.run(feeds);
    const took: number[] = [];
    for (let i = 0; i < repeats; i++) {
      const start = performance.now();
      await session.run(feeds);
      took.push(performance.now() - start);
    }
    return median(took);
  };
  return { one: await timed(1, 200), many: await timed(10_000, 9) };
};

const train = columnsOf(0, rows);
const test = columnsOf(rows, labels.length);
const start = performance.now();
const model = await estimators[what]!().fit(train, { target: "y", positive: 1 });
const fit = performance.now() - start;
const peak = peakOf();
const auc = rocAuc(test.y as Float64Array, model.predict(test));
const speeds = await timeOnnx(model, test);
process.stdout.write(`${JSON.stringify({ fit, auc, ...speeds, peak, allPeak: peakOf() })}\n`);
