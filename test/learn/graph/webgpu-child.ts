// What runs on WebGPU for the tests, one task a process; says its findings as lines of JSON.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { canHalve, DeviceError, probe } from "#lib/learn/graph/device.ts";
import { type Device, input, openGraph } from "#lib/learn/graph/graph.ts";
import { relu } from "#lib/learn/graph/operators/elementwise.ts";
import { identity } from "#lib/learn/graph/operators/shaping.ts";
import { sgd } from "#lib/learn/graph/optimisers.ts";
import { countProviders, readProfile } from "#lib/learn/graph/profile.ts";
import { compile, fetchHeld, Held } from "#lib/learn/graph/program.ts";
import { openTrainer, type TrainerOptions } from "#lib/learn/graph/trainer.ts";
import { selfAttention } from "#lib/learn/layers/attention.ts";
import { dense, embedding } from "#lib/learn/layers/dense.ts";
import { crossEntropy } from "#lib/learn/layers/losses.ts";
import { layerNorm } from "#lib/learn/layers/norm.ts";
import { openReader } from "#lib/learn/llm/cache.ts";
import { withAdapters } from "#lib/learn/llm/lora.ts";
import { freshModel, llamaShape } from "#lib/learn/llm/model.ts";
import { tune } from "#lib/learn/llm/tune.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { cases, type Draw } from "#test/learn/graph/cases.ts";
import { gradientError } from "#test/learn/graph/differences.ts";

const say = (line: Record<string, unknown>): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const [task, folder] = process.argv.slice(2) as [string, string];

const gradientsOnDevice = async (): Promise<void> => {
  const random = mulberry32(11);
  const dimension = (): number => 1 + Math.floor(random() * 4);
  for (const [name, make] of Object.entries(cases)) {
    const draw: Draw = [dimension(), dimension(), dimension(), dimension()];
    const error = await gradientError(make(draw), 17, "webgpu").catch((cause: Error) => cause.message.slice(0, 300));
    say({ name, draw, error });
  }
};

/** A block of a transformer over a few letters: embedding, attention, norm, dense. */
const train = async (device: Device, steps: number, more: Pick<TrainerOptions, "optimiser" | "profilePrefix"> = {}, rate = 0.02) => {
  const trainer = await openTrainer({
    device,
    seed: 3,
    ...more,
    loss: ({ tokens, targets }) => {
      const h = embedding(tokens!, 20, 16, { deviation: 0.5 });
      const mixed = layerNorm(selfAttention(h, { heads: 2, isCausal: true }));
      return crossEntropy(dense(relu(dense(mixed, 32)), 20), targets!);
    },
  });
  const random = mulberry32(5);
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const tokens = BigInt64Array.from({ length: 32 }, () => BigInt(Math.floor(random() * 20)));
    const shape = [4, 8];
    losses.push(
      (await trainer.step({ tokens: { data: tokens, shape }, targets: { data: tokens.map((one) => (one * 3n) % 20n), shape } }, { rate }))
        .loss,
    );
  }
  const weights = await trainer.weights();
  const checkpoint = await trainer.checkpoint();
  await trainer.close();
  return { losses, weights, checkpoint };
};

/**
 * Losses under AdamW, weights under momentum. AdamW divides by the gradient's own size: where the gradient is 0 but for rounding (a key's bias, which
 * softmax cannot see) it walks at full rate in a direction that only rounding knows, other on each device. Momentum moves a weight as far as its gradient.
 */
const parity = async (): Promise<void> => {
  const [cpu, gpu] = [await train("cpu", 12), await train("webgpu", 12)];
  const momentum = { optimiser: sgd({ momentum: 0.9 }) };
  const [start, there, here] = [
    await train("cpu", 1, momentum, 0),
    await train("cpu", 12, momentum, 0.1),
    await train("webgpu", 12, momentum, 0.1),
  ];
  const furthest = (a: typeof here, b: typeof here): number =>
    Math.max(...[...a.weights].map(([name, one]) => Math.max(...one.map((value, i) => Math.abs(value - b.weights.get(name)![i]!)))));
  say({
    cpu: cpu.losses,
    gpu: gpu.losses,
    moved: furthest(there, start),
    apart: furthest(there, here),
    checkpointBytes: [cpu.checkpoint.length, gpu.checkpoint.length],
  });
};

const profiled = async (): Promise<void> => {
  await train("webgpu", 3, { profilePrefix: join(folder, "trace") });
  for (const name of readdirSync(folder).filter((one) => one.startsWith("trace-whole"))) {
    const runs = readProfile(readFileSync(join(folder, name), "utf8"));
    const fallen = runs.filter((one) => one.provider === "CPUExecutionProvider").map((one) => one.operator);
    say({ counts: countProviders(runs), fallen: [...new Set(fallen)] });
  }
};

/** A tiny Llama: adapters that learn a saying on each device, then what each says by what the CPU learnt, with how sure it is of each token. */
const speech = async (): Promise<void> => {
  const shape = llamaShape({ vocabulary: 24, width: 32, layers: 2, heads: 4, kvHeads: 2, context: 64 });
  const saying = [3, 9, 1, 14, 7, 20, 5, 11, 2, 17];
  const examples = Array.from({ length: 4 }, (_, i) => ({ tokens: [...saying, ...saying].slice(i, i + 9), from: 1 }));
  const base = freshModel(shape, 4);
  const all = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
  const learn = (device: Device, steps: number) =>
    tune(base, examples, { device, steps, batchSize: 4, rate: () => 0.02, threads: 1, lora: { targets: all } });
  const [cpu, gpu] = [await learn("cpu", 10), await learn("webgpu", 10)];
  const { adapters } = await learn("cpu", 150);
  const speak = async (device: Device) => {
    const weights = new Map([...base.weights, ...adapters!.weights]);
    const reader = openReader(shape, weights, { device, threads: 1, project: withAdapters(adapters!.options) });
    const [tokens, leads]: [number[], number[]] = [[], []];
    let logits = await reader.read(saying.slice(0, 3));
    const first = [...logits];
    for (let i = 0; i < 7; i++) {
      const order = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]!);
      tokens.push(order[0]!);
      leads.push(logits[order[0]!]! - logits[order[1]!]!);
      logits = await reader.read([order[0]!]);
    }
    await reader.close();
    return { tokens, leads, first };
  };
  const [there, here] = [await speak("cpu"), await speak("webgpu")];
  say({
    losses: { cpu: cpu.history.map((one) => one.loss), gpu: gpu.history.map((one) => one.loss) },
    tokens: { saying: saying.slice(3), cpu: there.tokens, gpu: here.tokens },
    lead: Math.min(...there.leads),
    apart: Math.max(...there.first.map((one, i) => Math.abs(one - here.first[i]!))),
  });
};

const reading = async (): Promise<void> => {
  const graph = openGraph();
  const program = await compile(
    graph,
    { y: identity(input(graph, "x", { dtype: "float32", shape: [3] })) },
    { device: "webgpu", held: ["y"] },
  );
  const { y } = await program.run({ x: Float32Array.of(1, 2, 3) });
  const held = y as Held;
  const tensor = Held.feed(held) as unknown as { getData: () => unknown; data: unknown };
  const tried: string[] = [];
  for (const attempt of [() => tensor.getData(), () => tensor.data])
    try {
      await attempt();
      tried.push("read");
    } catch (error) {
      tried.push((error as Error).message);
    }
  const back = (await fetchHeld(new Map([["y", held]]), "webgpu")).get("y")!;
  say({
    isHeld: held instanceof Held,
    names: Object.getOwnPropertyNames(held),
    tried,
    back: [...(back as Float32Array)],
    canHalve: await canHalve("webgpu"),
  });
};

try {
  await probe("webgpu");
  await { gradients: gradientsOnDevice, parity, profiled, reading, speech }[task]!();
  process.exit(0);
} catch (error) {
  if (!(error instanceof DeviceError)) throw error;
  say({ missing: error.message });
  process.exit(0);
}
