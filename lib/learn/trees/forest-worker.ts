// A worker thread that grows whole trees of a forest, one for each seed it is sent.
import { parentPort, workerData } from "node:worker_threads";
import { mulberry32 } from "#lib/learn/random.ts";
import { flatten } from "#lib/learn/trees/ensemble.ts";
import { bootstrap, type ForestData, type ForestSettings, growForestTree } from "#lib/learn/trees/forest-grower.ts";

const { all, weights, how, isBootstrapped } = workerData as {
  all: ForestData;
  weights: Float64Array;
  how: ForestSettings;
  isBootstrapped: boolean;
};

parentPort!.on("message", (seed: number) => {
  const random = mulberry32(seed);
  const tree = growForestTree(all, isBootstrapped ? bootstrap(weights, random) : weights, how, random);
  parentPort!.postMessage(flatten([tree], all.width, []));
});
