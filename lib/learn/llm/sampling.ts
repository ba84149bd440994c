// From logits to one token. Likelier tokens are looked at first; `topK` keeps so many of them, `topP` of these as many as together hold that
// probability; among what is kept one is drawn with probability ∝ exp(logit / temperature). Temperature 0 takes the likeliest.

export type SamplingOptions = { temperature?: number | undefined; topK?: number | undefined; topP?: number | undefined };

/** The usual values where none are given; throws for values that mean nothing. */
export const samplingOptions = ({ temperature = 0.8, topK = 40, topP = 0.95 }: SamplingOptions) => {
  if (!(temperature >= 0 && temperature <= 100)) throw new Error(`A temperature is 0 to 100, not ${temperature}`);
  if (!(topK >= 1)) throw new Error(`topK is at least 1, not ${topK}`);
  if (!(topP > 0 && topP <= 1)) throw new Error(`topP is above 0 and at most 1, not ${topP}`);
  return { temperature, topK, topP };
};

/** The `count` greatest logits, greatest first, equal ones by id, in one pass that holds a few of them. */
const greatest = (logits: Float32Array, count: number): number[] => {
  const order = (a: number, b: number): number => logits[b]! - logits[a]! || a - b;
  let held: number[] = [];
  let floor = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    if (!(logit >= floor)) {
      if (Number.isNaN(logit)) throw new Error("The network answered NaN where a logit was due: its weights are not finite");
      continue;
    }
    held.push(id);
    if (held.length < 4 * count) continue;
    held = held.sort(order).slice(0, count);
    floor = logits[held.at(-1)!]!;
  }
  return held.sort(order).slice(0, count);
};

/** Draws a token; `random` is uniform in [0, 1). Throws for a logit that is not a number. */
export const drawToken = (logits: Float32Array, options: ReturnType<typeof samplingOptions>, random: () => number): number => {
  const { temperature, topK, topP } = options;
  const among = greatest(logits, temperature === 0 ? 1 : topK);
  if (temperature === 0) return among[0]!;
  const top = logits[among[0]!]!;
  const shares = among.map((id) => Math.exp((logits[id]! - top) / temperature));
  const enough = topP * shares.reduce((total, one) => total + one, 0);
  let [kept, count] = [0, 0];
  while (count < shares.length && kept < enough) kept += shares[count++]!;
  let left = random() * kept;
  for (let i = 0; i < count; i++) {
    left -= shares[i]!;
    if (left < 0) return among[i]!;
  }
  return among[0]!;
};
