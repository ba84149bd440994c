// Open Inference V2 over JSON at 16 connections, through the public port as people use it, against a bare Node JSON echo. The two take
// turns, five times, and the medians are compared; the load generator shares the machine with both.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { call, send } from "#lib/kit/call.ts";
import { registerVersion, uploadFile } from "#lib/models/contract.ts";
import { deploy } from "#lib/serving/contract.ts";
import { line, median, ms, times } from "#test/bench/figures.ts";
import { type Load, load } from "#test/bench/load.ts";
import type { Say } from "#test/bench/main.ts";
import { type Product, startProduct } from "#test/kit/product.ts";
import { fitCredit } from "#test/kit/serving.ts";

const rounds = 5;
const seconds = 4;
const connections = 16;

/** A logistic regression on mixed columns, served by a product. */
const serveCredit = async ({ url, token }: Product): Promise<void> => {
  const made = await fitCredit();
  const options = { baseUrl: url, token };
  const upload = await send(uploadFile, { workspace: "main" }, { ...options, body: made.onnx as BodyInit });
  const { digest } = (await upload.json()) as { digest: string };
  const { signature, sample, profile } = made;
  await call(registerVersion, { workspace: "main", model: "credit", digest, signature, sample, profile: profile as never }, options);
  await call(deploy, { workspace: "main", endpoint: "credit", model: "credit", version: 1 }, options);
};

const startEcho = (): Promise<{ url: string; stop: () => void }> =>
  new Promise((resolve) => {
    const child = fork(fileURLToPath(new URL("echo.ts", import.meta.url)));
    child.once("message", (port) => resolve({ url: `http://127.0.0.1:${port}/`, stop: () => child.disconnect() }));
  });

const request = JSON.stringify({
  inputs: [
    { name: "income", shape: [1, 1], datatype: "FP32", data: [41_000] },
    { name: "rate", shape: [1, 1], datatype: "FP32", data: [11.5] },
    { name: "grade", shape: [1, 1], datatype: "BYTES", data: ["C"] },
  ],
});

const summary = (loads: Load[]) => ({
  perSecond: median(loads.map((one) => one.perSecond)),
  p50: median(loads.map((one) => one.p50)),
  p99: median(loads.map((one) => one.p99)),
  errors: loads.reduce((sum, one) => sum + one.errors, 0),
});

export const bench = async (say: Say): Promise<void> => {
  const product = await startProduct();
  const echo = await startEcho();
  try {
    await serveCredit(product);
    const headers = { "content-type": "application/json", authorization: `Bearer ${product.token}` };
    const ours: Load[] = [];
    const theirs: Load[] = [];
    const wish = { headers, body: request, connections, seconds };
    await load({ ...wish, url: `${product.url}/v2/models/credit/infer`, seconds: 2 });
    for (let round = 0; round < rounds; round++) {
      ours.push(await load({ ...wish, url: `${product.url}/v2/models/credit/infer` }));
      theirs.push(await load({ ...wish, url: echo.url }));
    }
    const [us, them] = [summary(ours), summary(theirs)];
    const shown = (one: typeof us) => `p50 ${ms(one.p50)}, p99 ${ms(one.p99)}, ${one.errors} errors`;
    say(line(`V2 JSON, ${connections} connections, logged, median of ${rounds}`, `${Math.round(us.perSecond)} req/s`, shown(us)));
    say(line("bare Node JSON echo, same machine, same run", `${Math.round(them.perSecond)} req/s`, shown(them)));
    say(line("ratio", times(us.perSecond / them.perSecond)));
  } finally {
    echo.stop();
    await product.stop();
  }
};
