// Ids carry a typed prefix from this one table, so that a log line, a URL and a support question say what they are about. The body is
// 19 characters of an alphabet without look-alikes, sorted by time in its first eleven: rows made later come later in an index.
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
  kernel_server: "ks",
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
  drift_episode: "de",
  machine: "mc",
  evaluation_suite: "es",
  evaluation: "ev",
  tuning_study: "ts",
  tuning_hand: "th",
} as const;

export type IdKind = keyof typeof prefixes;

const digitsOf = (value: number, width: number): string => {
  let rest = value;
  let text = "";
  for (let i = 0; i < width; i++) {
    text = alphabet[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
};

let made = 0;

/** A new id such as `run_01hk…`: milliseconds, a counter of this process, and 40 random bits. Later ids of one process sort later. */
export const newId = (kind: IdKind, now: number = Date.now()): string => {
  made = (made + 1) % 1024;
  const random = crypto.getRandomValues(new Uint8Array(8));
  return `${prefixes[kind]}_${digitsOf(now, 9)}${digitsOf(made, 2)}${Array.from(random, (byte) => alphabet[byte % 32]).join("")}`;
};

/** Whether a text can be an id of this kind; does not say that the thing exists. */
export const isId = (kind: IdKind, text: string): boolean => new RegExp(`^${prefixes[kind]}_[0-9a-z]{6,40}$`).test(text);
