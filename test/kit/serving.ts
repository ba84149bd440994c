// A house with a real serving process beside it, and models to serve: a fitted classifier on mixed columns, and a small graph of every
// datatype we promise.
import { type ChildProcess, spawn } from "node:child_process";
import { send } from "#lib/kit/call.ts";
import { logisticRegression } from "#lib/learn/estimators/logistic.ts";
import { openBuilder } from "#lib/learn/onnx/builder.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { profileTable } from "#lib/learn/stats/profile.ts";
import type { Columns } from "#lib/learn/tables/table.ts";
import * as models from "#lib/models/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { freePort } from "#test/kit/ports.ts";

export type ServingHouse = House & {
  /** Address of the serving process itself, for what web would not let through. */
  servingUrl: string;
  /** Kills the serving process with -9; it stays dead until `revive`. */
  kill: () => Promise<void>;
  revive: () => Promise<void>;
  /** V2 with a role's token. */
  v2: (path: string, body?: unknown, who?: keyof House["tokens"] | "nobody") => Promise<{ status: number; body: Record<string, unknown> }>;
};

/** Waits until a question has an answer; fails with the last one. */
export const until = async <T>(ask: () => Promise<T | null | undefined | false>, limitMs = 90_000): Promise<T> => {
  const end = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`Still ${JSON.stringify(answer)} after ${limitMs} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};

const start = async (url: string): Promise<ChildProcess> => {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "kernel/serving/main.ts"], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ATELIER_LOG_LEVEL: "warn" },
  });
  await until(() =>
    fetch(`${url}/health`).then(
      (answer) => answer.ok,
      () => false,
    ),
  );
  return child;
};

/** Opens a house whose /v2 is answered by a serving process of its own. */
export const openServingHouse = async (): Promise<ServingHouse> => {
  const port = await freePort();
  const servingUrl = `http://127.0.0.1:${port}`;
  Object.assign(process.env, { ATELIER_SERVING_PORT: String(port), ATELIER_SERVING_URL: servingUrl });
  const house = await openHouse();
  let child = await start(servingUrl);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  };
  return {
    ...house,
    servingUrl,
    kill,
    revive: async () => {
      child = await start(servingUrl);
    },
    v2: async (path, body, who = "viewer") => {
      const answer = await fetch(`${house.url}/v2${path}`, {
        method: body === undefined ? "GET" : "POST",
        headers: who === "nobody" ? {} : { authorization: `Bearer ${house.tokens[who]}` },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    },
    close: async () => {
      await kill();
      await house.close();
    },
  };
};

/** Applicants with an income, a rate with gaps, and a grade; bad when the rate is high. Seeded, so every run sees the same. */
export const applicants = (rows: number, seed: number, shift = 0): Columns => {
  const random = mulberry32(seed);
  const income = Float64Array.from({ length: rows }, () => Math.round(20_000 + 60_000 * random() * random()) * (1 + shift));
  const rate = Float64Array.from({ length: rows }, () => (random() < 0.05 ? Number.NaN : Math.round((4 + 20 * random()) * 100) / 100));
  const grade = Array.from({ length: rows }, () => (random() < 0.03 ? "" : "ABCDE"[Math.floor(random() * 5)]!));
  const outcome = Array.from({ length: rows }, (_, i) => (random() < 0.1 + ((rate[i] || 12) / 24) * 0.6 ? "bad" : "good"));
  return { income, rate, grade, outcome };
};

/** A classifier on `applicants` as bytes, signature, sample and training profile; `seed` makes another version. */
export const fitCredit = async (seed = 1) => {
  const table = applicants(800, seed);
  const fitted = await logisticRegression({ l2: seed }).fit(table, { target: "outcome", positive: "bad" });
  const { outcome: _, ...inputs } = table;
  const sample = Array.from({ length: 3 }, (_, i) =>
    Object.fromEntries(Object.entries(inputs).map(([name, column]) => [name, Number.isNaN(column[i]) ? null : column[i]])),
  );
  return { fitted, onnx: fitted.toOnnx(), signature: fitted.signature as models.Signature, sample, profile: profileTable(inputs) };
};

/** A graph that hands back a number, an integer, a truth, a text and a matrix, so that each datatype can be asked for. */
export const echoModel = (): { onnx: Uint8Array; signature: models.Signature; sample: Record<string, unknown>[] } => {
  const builder = openBuilder("echo");
  const specs = [
    ["number", "FP32", [-1, 1]],
    ["whole", "INT64", [-1, 1]],
    ["truth", "BOOL", [-1, 1]],
    ["words", "BYTES", [-1, 1]],
    ["matrix", "FP32", [-1, 3]],
  ] as const;
  const onnxShape = (shape: readonly number[]) => shape.map((size) => (size === -1 ? "n" : size));
  for (const [name, datatype, shape] of specs) {
    builder.input(name, datatype, onnxShape(shape));
    builder.node("Identity", [name], {}, { output: `${name}_out` });
    builder.output(`${name}_out`, datatype, onnxShape(shape));
  }
  const tensor = (suffix: string) => specs.map(([name, datatype, shape]) => ({ name: name + suffix, datatype, shape: [...shape] }));
  return { onnx: builder.bytes("test"), signature: { inputs: tensor(""), outputs: tensor("_out") }, sample: [] };
};

/** Registers a model version in `main`; answers its number. */
export const registerModel = async (
  house: House,
  model: string,
  made: { onnx: Uint8Array; signature: models.Signature; sample?: Record<string, unknown>[]; profile?: unknown },
): Promise<number> => {
  const upload = await send(
    models.uploadFile,
    { workspace: "main" },
    { baseUrl: house.url, token: house.tokens.editor, body: made.onnx as BodyInit },
  );
  const { digest } = (await upload.json()) as { digest: string };
  const version = await house.as("editor")(models.registerVersion, {
    workspace: "main",
    model,
    digest,
    signature: made.signature,
    sample: made.sample ?? [],
    profile: (made.profile ?? null) as never,
  });
  return version.number;
};
