// jax-js for `npm run bench -- networks`: the same networks, batches and optimiser, each step one jitted function, on its WebAssembly backend.
// Every array is owned: passing it on gives it away, `.ref` keeps a hold of it.
import { mulberry32, shuffled } from "#lib/learn/random.ts";
import { requirePeer, tellTime, versionOf } from "#test/bench/peer.ts";

type One = {
  ref: One;
  shape: number[];
  add: (other: One | number) => One;
  sub: (other: One | number) => One;
  mul: (other: One | number) => One;
  div: (other: One | number) => One;
  reshape: (shape: number[]) => One;
  data: () => Promise<Float32Array>;
};
type Weights = Record<string, One>;
type State = { w: Weights; m: Weights; v: Weights };
type Call = (...given: unknown[]) => One;
type Jax = {
  init: () => Promise<string[]>;
  defaultDevice: (name: string) => void;
  numpy: Record<"array" | "matmul" | "mean" | "sum" | "square" | "sqrt" | "transpose" | "minimum", Call> & {
    split: (one: One, count: number, axis: number) => One[];
  };
  nn: Record<"relu" | "gelu" | "oneHot" | "softplus" | "standardize" | "dotProductAttention" | "logSoftmax", Call>;
  valueAndGrad: (loss: (w: Weights, ...batch: One[]) => One) => (w: Weights, ...batch: One[]) => [One, Weights];
  jit: <F>(step: F) => F;
  tree: { ref: <T>(tree: T) => T };
};
const jax = requirePeer<Jax>("@jax-js/jax");
const { numpy: np, nn, tree } = jax;
await jax.init();
jax.defaultDevice("wasm");

const random = mulberry32(1);
const normal = (shape: number[], deviation: number): One => {
  const data = Float32Array.from(
    { length: shape.reduce((a, b) => a * b, 1) },
    () => deviation * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  );
  return np.array(data).reshape(shape);
};
const constant = (shape: number[], value: number): One =>
  np.array(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value)).reshape(shape);

/** AdamW with decay of matrices, the gradient clipped to a norm when one is given; the whole step is one jitted function. */
const stepping = (loss: (w: Weights, ...batch: One[]) => One, initial: Weights, clipNorm?: number) => {
  const names = Object.keys(initial);
  const each = (make: (name: string) => One): Weights => Object.fromEntries(names.map((name) => [name, make(name)]));
  const [rate, beta1, beta2, epsilon, decay] = [1e-3, 0.9, 0.999, 1e-8, 0.01];
  const shapes = new Map(names.map((name) => [name, initial[name]!.shape]));
  const step = jax.jit(({ w, m, v }: State, correction1: One, correction2: One, ...batch: One[]): [One, State] => {
    const [value, found] = jax.valueAndGrad(loss)(tree.ref(w), ...batch);
    let g = found;
    if (clipNorm !== undefined) {
      const total = np.sqrt(names.map((name) => np.sum(np.square(g[name]!.ref))).reduce((a, b) => a.add(b)));
      const shrink = np.minimum(constant([], clipNorm).div(total.add(1e-6)), 1);
      g = each((name) => g[name]!.mul(shrink.ref));
    }
    const next1 = each((name) => m[name]!.mul(beta1).add(g[name]!.ref.mul(1 - beta1)));
    const next2 = each((name) => v[name]!.mul(beta2).add(np.square(g[name]!).mul(1 - beta2)));
    const moved = each((name) => {
      const along = next1[name]!.ref.mul(correction1.ref).div(np.sqrt(next2[name]!.ref).mul(correction2.ref).add(epsilon));
      const kept = shapes.get(name)!.length >= 2 ? w[name]!.mul(1 - rate * decay) : w[name]!;
      return kept.sub(along.mul(rate));
    });
    return [value, { w: moved, m: next1, v: next2 }];
  });
  const zero = (name: string): One => constant(shapes.get(name)!, 0);
  let state: State = { w: initial, m: each(zero), v: each(zero) };
  let count = 0;
  return async (...batch: One[]): Promise<number> => {
    count += 1;
    const [value, next] = step(state, constant([], 1 / (1 - beta1 ** count)), constant([], 1 / Math.sqrt(1 - beta2 ** count)), ...batch);
    state = next;
    return (await value.data())[0]!;
  };
};

const mlp = () => {
  const [x, y] = [new Float32Array(400_000).map(() => random() * 2 - 1), new Float32Array(20_000).map(() => Number(random() > 0.5))];
  const widths = [20, 64, 32, 1];
  const w: Weights = {};
  for (let i = 0; i < 3; i++) {
    w[`w${i}`] = normal([widths[i]!, widths[i + 1]!], 1 / Math.sqrt(widths[i]!));
    w[`b${i}`] = constant([widths[i + 1]!], 0);
  }
  const step = stepping((given, rows, labels) => {
    let h = rows!;
    for (let i = 0; i < 3; i++) {
      h = np.matmul(h, given[`w${i}`]).add(given[`b${i}`]!);
      if (i < 2) h = nn.relu(h);
    }
    return np.mean(nn.softplus(h.ref).sub(labels!.mul(h)));
  }, w);
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
      total += await step(np.array(rows).reshape([256, 20]), np.array(labels).reshape([256, 1]));
    }
    return total / 78;
  };
};

const gpt = (layers: number, width: number, heads: number) => {
  const [vocabulary, count, time] = [256, 8, 128];
  const w: Weights = { words: normal([vocabulary, width], 0.02), places: normal([time, width], 0.02) };
  const linear = (name: string, from: number, to: number): void => {
    w[`${name}.w`] = normal([from, to], 1 / Math.sqrt(from));
    w[`${name}.b`] = constant([to], 0);
  };
  const norm = (name: string): void => {
    w[`${name}.w`] = constant([width], 1);
    w[`${name}.b`] = constant([width], 0);
  };
  for (let i = 0; i < layers; i++) {
    norm(`${i}.n1`);
    norm(`${i}.n2`);
    linear(`${i}.qkv`, width, 3 * width);
    linear(`${i}.out`, width, width);
    linear(`${i}.up`, width, 4 * width);
    linear(`${i}.down`, 4 * width, width);
  }
  norm("last");
  const tokens = Int32Array.from({ length: count * time }, () => Math.floor(random() * vocabulary));
  const step = stepping(
    (given, ids) => {
      const hot = nn.oneHot(ids!, vocabulary); // its scatter, the gradient of picking rows, cannot be jitted
      const dense = (x: One, name: string): One => np.matmul(x, given[`${name}.w`]).add(given[`${name}.b`]!);
      const normed = (x: One, name: string): One => nn.standardize(x, -1).mul(given[`${name}.w`]!).add(given[`${name}.b`]!);
      let h = np.matmul(hot.ref, given.words!.ref).reshape([count, time, width]).add(given.places!);
      for (let i = 0; i < layers; i++) {
        const qkv = np.transpose(
          dense(normed(h.ref, `${i}.n1`), `${i}.qkv`).reshape([count, time, 3, heads, width / heads]),
          [2, 0, 1, 3, 4],
        );
        const [q, k, v] = np.split(qkv, 3, 0).map((one) => one.reshape([count, time, heads, width / heads])) as [One, One, One];
        const mixed = nn.dotProductAttention(q, k, v, { isCausal: true });
        h = h.add(dense(mixed.reshape([count, time, width]), `${i}.out`));
        h = h.ref.add(dense(nn.gelu(dense(normed(h, `${i}.n2`), `${i}.up`), { approximate: false }), `${i}.down`));
      }
      const logits = np.matmul(normed(h, "last"), np.transpose(given.words)).reshape([count * time, vocabulary]);
      return np.sum(nn.logSoftmax(logits).mul(hot)).mul(-1 / (count * time));
    },
    w,
    1,
  );
  return (): Promise<number> => step(np.array(tokens).reshape([count * time]));
};

const version = versionOf("@jax-js/jax")!;
const unit = process.argv[2]!;
if (unit === "mlp") await tellTime(version, mlp(), 5);
else if (unit === "gpt1") await tellTime(version, gpt(4, 128, 4), 5);
else await tellTime(version, gpt(6, 384, 6), 3);
process.exit();
