// What tensors are called in GGUF files, and in which order the rows of queries and keys stand there. Inside the house a weight has the name it
// has in a PyTorch checkpoint of the architecture, and its rows are in halves (llama.ts).

const fixed: Record<string, string> = {
  "token_embd.weight": "model.embed_tokens.weight",
  "output_norm.weight": "model.norm.weight",
  "output.weight": "lm_head.weight",
};
const inBlock: Record<string, string> = {
  attn_norm: "input_layernorm",
  ffn_norm: "post_attention_layernorm",
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_output: "self_attn.o_proj",
  ffn_gate: "mlp.gate_proj",
  ffn_up: "mlp.up_proj",
  ffn_down: "mlp.down_proj",
};
const toGguf = (names: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(names).map(([ours, theirs]) => [theirs, ours]));
const [fixedBack, inBlockBack] = [toGguf(fixed), toGguf(inBlock)];

/** Our name of a tensor of a GGUF file; null when the architecture has none such. */
export const nameFromGguf = (name: string): string | null => {
  const [, number, part, kind] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? [];
  if (part !== undefined) return inBlock[part] ? `model.layers.${number}.${inBlock[part]}.${kind}` : null;
  return fixed[name] ?? null;
};
/** The inverse; throws for a name that has none. */
export const nameToGguf = (name: string): string => {
  const [, number, part, kind] = /^model\.layers\.(\d+)\.([\w.]+)\.(weight|bias)$/.exec(name) ?? [];
  const found = part === undefined ? fixedBack[name] : inBlockBack[part] && `blk.${number}.${inBlockBack[part]}.${kind}`;
  if (!found) throw new Error(`GGUF has no name for ${name}`);
  return found;
};

/** Whether a weight's rows are turned in pairs: queries and keys, their biases too. */
export const isTurned = (name: string): boolean => /\.self_attn\.[qk]_proj\.(weight|bias)$/.test(name);

type Rows = Float32Array | Uint8Array;
const moved = <T extends Rows>(values: T, headWidth: number, width: number, from: (row: number) => number): T => {
  const out = new (values.constructor as new (size: number) => T)(values.length);
  for (let row = 0; row < values.length / width; row++) {
    const source = row - (row % headWidth) + from(row % headWidth);
    out.set(values.subarray(source * width, (source + 1) * width), row * width);
  }
  return out;
};
/** Rows whose pairs are neighbours (2j, 2j + 1) → rows whose pairs are halves (j, j + d/2), head by head; `width` numbers a row. */
export const halvesFromNeighbours = <T extends Rows>(values: T, headWidth: number, width: number): T =>
  moved(values, headWidth, width, (row) => (row < headWidth / 2 ? 2 * row : 2 * row - headWidth + 1));
/** The inverse. */
export const neighboursFromHalves = <T extends Rows>(values: T, headWidth: number, width: number): T =>
  moved(values, headWidth, width, (row) => (row % 2 === 0 ? row / 2 : (row - 1) / 2 + headWidth / 2));
