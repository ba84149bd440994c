// tfjs for `npm run bench -- networks`, on its WebAssembly backend: the same networks, batches and steps. It has Adam without decay, no threads in
// Node, and no gradient of picking rows there, so words are looked up by a product with their one-hot rows.
import { mulberry32, shuffled } from "#lib/learn/random.ts";
import { requirePeer, tellTime, versionOf } from "#test/bench/peer.ts";

type One = {
  shape: number[];
  add: (other: One) => One;
  sub: (other: One) => One;
  mul: (other: One | number) => One;
  div: (other: One | number) => One;
  matMul: (other: One, transposeA?: boolean, transposeB?: boolean) => One;
  reshape: (shape: number[]) => One;
  transpose: (axes: number[]) => One;
  square: () => One;
  sqrt: () => One;
  mean: (axis?: number, keep?: boolean) => One;
  sum: (axis?: number) => One;
  relu: () => One;
  erf: () => One;
  data: () => Promise<Float32Array>;
  dispose: () => void;
};
type Named = Record<string, One>;
type Tfjs = {
  setBackend: (name: string) => Promise<boolean>;
  tidy: <T>(work: () => T) => T;
  tensor: (data: Float32Array | Int32Array, shape: number[], dtype?: string) => One;
  variable: (initial: One, trainable: boolean, name: string) => One;
  variableGrads: (loss: () => One) => { value: One; grads: Named };
  train: { adam: (rate: number) => { applyGradients: (grads: Named) => void } };
  losses: { sigmoidCrossEntropy: (labels: One, logits: One) => One; softmaxCrossEntropy: (labels: One, logits: One) => One };
  oneHot: (ids: One, depth: number) => One;
  softmax: (x: One) => One;
  split: (x: One, count: number, axis: number) => One[];
  addN: (all: One[]) => One;
  minimum: (a: One, b: number) => One;
};
const tf = requirePeer<Tfjs>("@tensorflow/tfjs");
requirePeer("@tensorflow/tfjs-backend-wasm");
if (!(await tf.setBackend("wasm"))) throw new Error("The WebAssembly backend did not start");

const random = mulberry32(1);
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const drawn = (name: string, shape: number[], deviation: number): One => {
  const data = Float32Array.from(
    { length: sizeOf(shape) },
    () => deviation * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  );
  return tf.variable(tf.tensor(data, shape), true, name);
};
const filled = (name: string, shape: number[], value: number): One =>
  tf.variable(tf.tensor(new Float32Array(sizeOf(shape)).fill(value), shape), true, name);

/** One step of Adam, the gradient clipped to a norm when one is given; answers the loss. */
const stepping = (loss: () => One, optimiser: ReturnType<Tfjs["train"]["adam"]>, clipNorm?: number): One =>
  tf.tidy(() => {
    const { value, grads } = tf.variableGrads(loss);
    let moving = grads;
    if (clipNorm !== undefined) {
      const norm = tf.addN(Object.values(grads).map((one) => one.square().sum())).sqrt();
      const shrink = tf.minimum(tf.tensor(Float32Array.of(clipNorm), []).div(norm), 1);
      moving = Object.fromEntries(Object.entries(grads).map(([name, one]) => [name, one.mul(shrink)]));
    }
    optimiser.applyGradients(moving);
    return value;
  });
const read = async (value: One): Promise<number> => {
  const [loss] = await value.data();
  value.dispose();
  return loss!;
};

const mlp = () => {
  const [x, y] = [new Float32Array(400_000).map(() => random() * 2 - 1), new Float32Array(20_000).map(() => Number(random() > 0.5))];
  const widths = [20, 64, 32, 1];
  const layers = [0, 1, 2].map((i) => ({
    w: drawn(`w${i}`, [widths[i]!, widths[i + 1]!], 1 / Math.sqrt(widths[i]!)),
    b: filled(`b${i}`, [widths[i + 1]!], 0),
  }));
  const optimiser = tf.train.adam(1e-3);
  return async (): Promise<number> => {
    const order = shuffled(20_000, random);
    let total = 0;
    for (let at = 0; at + 256 <= order.length; at += 256) {
      const [rows, labels] = [new Float32Array(256 * 20), new Float32Array(256)];
      for (let i = 0; i < 256; i++) {
        const row = order[at + i]!;
        rows.set(x.subarray(row * 20, row * 20 + 20), i * 20);
        labels[i] = y[row]!;
      }
      const [given, wanted] = [tf.tensor(rows, [256, 20]), tf.tensor(labels, [256, 1])];
      const logits = (): One => layers.reduce((h, { w, b }, i) => (i < 2 ? h.matMul(w).add(b).relu() : h.matMul(w).add(b)), given);
      total += await read(stepping(() => tf.losses.sigmoidCrossEntropy(wanted, logits()), optimiser));
      given.dispose();
      wanted.dispose();
    }
    return total / 78;
  };
};

const gpt = (layers: number, width: number, heads: number) => {
  const [vocabulary, count, time, depth] = [256, 8, 128, width / heads];
  const known = new Map<string, One>();
  const weight = (name: string, make: () => One): One => {
    const made = known.get(name) ?? make();
    known.set(name, made);
    return made;
  };
  const dense = (x: One, name: string, to: number): One => {
    const from = x.shape.at(-1)!;
    const w = weight(`${name}.w`, () => drawn(`${name}.w`, [from, to], 1 / Math.sqrt(from)));
    return x.matMul(w).add(weight(`${name}.b`, () => filled(`${name}.b`, [to], 0)));
  };
  const norm = (x: One, name: string): One => {
    const centred = x.sub(x.mean(-1, true));
    const scaled = centred.div(
      centred
        .square()
        .mean(-1, true)
        .add(tf.tensor(Float32Array.of(1e-5), []))
        .sqrt(),
    );
    return scaled
      .mul(weight(`${name}.w`, () => filled(`${name}.w`, [width], 1)))
      .add(weight(`${name}.b`, () => filled(`${name}.b`, [width], 0)));
  };
  const gelu = (x: One): One =>
    x
      .mul(
        x
          .mul(Math.SQRT1_2)
          .erf()
          .add(tf.tensor(Float32Array.of(1), [])),
      )
      .mul(0.5);
  const words = drawn("words", [vocabulary, width], 0.02);
  const places = drawn("places", [time, width], 0.02);
  const mask = tf.tensor(
    Float32Array.from({ length: time * time }, (_, i) => (i % time > Math.floor(i / time) ? -1e9 : 0)),
    [time, time],
  );
  const hot = tf.oneHot(
    tf.tensor(
      Int32Array.from({ length: count * time }, () => Math.floor(random() * vocabulary)),
      [count * time],
      "int32",
    ),
    vocabulary,
  );
  /** Rows stay [count × time, width]: products with weights are then of two matrices. */
  const block = (x: One, name: string): One => {
    const qkv = dense(norm(x, `${name}.n1`), `${name}.qkv`, 3 * width);
    const [q, k, v] = tf
      .split(qkv.reshape([count, time, 3, heads, depth]).transpose([2, 0, 3, 1, 4]), 3, 0)
      .map((one) => one.reshape([count, heads, time, depth])) as [One, One, One];
    const shares = tf.softmax(
      q
        .matMul(k, false, true)
        .mul(1 / Math.sqrt(depth))
        .add(mask),
    );
    const mixed = shares
      .matMul(v)
      .transpose([0, 2, 1, 3])
      .reshape([count * time, width]);
    const h = x.add(dense(mixed, `${name}.out`, width));
    return h.add(dense(gelu(dense(norm(h, `${name}.n2`), `${name}.up`, 4 * width)), `${name}.down`, width));
  };
  const loss = (): One => {
    let h = hot
      .matMul(words)
      .reshape([count, time, width])
      .add(places)
      .reshape([count * time, width]);
    for (let i = 0; i < layers; i++) h = block(h, `b${i}`);
    return tf.losses.softmaxCrossEntropy(hot, norm(h, "last").matMul(words, false, true));
  };
  loss().dispose(); // draws the weights outside any tidying
  const optimiser = tf.train.adam(1e-3);
  return (): Promise<number> => read(stepping(loss, optimiser, 1));
};

const version = versionOf("@tensorflow/tfjs")!;
const unit = process.argv[2]!;
if (unit === "mlp") await tellTime(version, mlp(), 5);
else if (unit === "gpt1") await tellTime(version, gpt(4, 128, 4), 3);
else await tellTime(version, gpt(6, 384, 6), 1, 1);
process.exit();
