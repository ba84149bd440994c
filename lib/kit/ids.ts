// Ids carry a typed prefix from this one table, so that a log line, a URL and a support question say what they are about. The body is
// 16 characters of an alphabet without look-alikes, sorted by time in its first seven: rows made later come later in an index.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

export const prefixes = {
  workspace: "ws",
  user: "usr",
  invitation: "inv",
  token: "tok",
  audit: "aud",
  notebook: "nb",
  cell: "cell",
  session: "ses",
  cell_run: "cr",
  dataset: "ds",
  dataset_version: "dv",
  experiment: "exp",
  run: "run",
  model: "mod",
  model_version: "mv",
  endpoint: "ep",
  endpoint_revision: "er",
  prediction: "pred",
  pipeline: "pl",
  stage: "stg",
  pipeline_run: "pr",
  stage_run: "sr",
  monitor: "mon",
} as const;

export type IdKind = keyof typeof prefixes;

const encodeTime = (ms: number): string => {
  let rest = Math.floor(ms / 100);
  let text = "";
  for (let i = 0; i < 8; i++) {
    text = alphabet[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
};

/** A new id such as `run_0d4k…`; unique across machines (45 random bits a tenth of a second), roughly ordered by time. */
export const newId = (kind: IdKind, now: number = Date.now()): string => {
  const random = crypto.getRandomValues(new Uint8Array(9));
  return `${prefixes[kind]}_${encodeTime(now)}${Array.from(random, (byte) => alphabet[byte % 32]).join("")}`;
};

/** Whether a text can be an id of this kind; does not say that the thing exists. */
export const isId = (kind: IdKind, text: string): boolean => new RegExp(`^${prefixes[kind]}_[0-9a-z]{6,40}$`).test(text);
