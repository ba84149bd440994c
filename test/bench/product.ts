// What a person waits for: from the command to a healthy product, from opening a notebook to the first cell they can type in, and from
// running a cell to its answer through the public port. The pages are built before, as on every start but the first.
import { randomUUID } from "node:crypto";
import WebSocket from "ws";
import { call } from "#lib/kit/call.ts";
import { createNotebook } from "#lib/notebooks/contract.ts";
import { line, ms, quantile } from "#test/bench/figures.ts";
import type { Say } from "#test/bench/main.ts";
import { openBrowser } from "#test/kit/browser.ts";
import { type Product, signIn, startProduct } from "#test/kit/product.ts";

const executions = 300;

/** Starts three times: on an empty home, then on the same. */
const benchStart = async (say: Say): Promise<Product> => {
  const at = performance.now();
  const first = await startProduct();
  say(line("start to health, empty home", ms(performance.now() - at), "embedded PostgreSQL initialised and migrated"));
  await first.stop({ keepHome: true });
  const again = performance.now();
  const product = await startProduct({ home: first.home });
  say(line("start to health, home that exists", ms(performance.now() - again)));
  return product;
};

/** `1+1` over Jupyter's channels on the public port: from sending to `idle` with the reply in hand. */
const benchKernel = async (say: Say, { url, token }: Product): Promise<void> => {
  const headers = { authorization: `token ${token}`, "content-type": "application/json" };
  const from = performance.now();
  const made = await fetch(`${url}/api/kernels`, { method: "POST", headers, body: '{"name":"typescript"}' });
  const { id } = (await made.json()) as { id: string };
  const socket = new WebSocket(`${url.replace("http", "ws")}/api/kernels/${id}/channels?session_id=bench`, { headers });
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  const execute = (code: string): Promise<number> =>
    new Promise((resolve) => {
      const msgId = randomUUID();
      const sent = performance.now();
      let left = 2;
      const hear = (data: WebSocket.RawData): void => {
        const message = JSON.parse(data.toString()) as {
          parent_header: { msg_id?: string };
          header: { msg_type: string };
          content: { execution_state?: string };
        };
        if (message.parent_header.msg_id !== msgId) return;
        if (message.header.msg_type === "execute_reply" || message.content.execution_state === "idle") left -= 1;
        if (left > 0) return;
        socket.off("message", hear);
        resolve(performance.now() - sent);
      };
      socket.on("message", hear);
      socket.send(
        JSON.stringify({
          channel: "shell",
          header: {
            msg_id: msgId,
            session: "bench",
            username: "",
            date: new Date().toISOString(),
            msg_type: "execute_request",
            version: "5.3",
          },
          parent_header: {},
          metadata: {},
          content: { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false, stop_on_error: true },
          buffers: [],
        }),
      );
    });
  await execute("1+1");
  say(line("new session to its first answer", ms(performance.now() - from)));
  const took: number[] = [];
  for (let i = 0; i < executions; i++) took.push(await execute("1+1"));
  say(line("1+1 through the gateway, p50", ms(quantile(took, 0.5)), `${executions} times, public port`));
  say(line("1+1 through the gateway, p95", ms(quantile(took, 0.95))));
  await fetch(`${url}/api/kernels/${id}`, { method: "DELETE", headers });
  socket.close();
};

/** From asking for the page to a caret in the first cell, in a fresh browser and again with its cache. */
const benchNotebook = async (say: Say, product: Product): Promise<void> => {
  const browser = await openBrowser();
  if (!browser) return say(line("notebook open to first editable cell", "skipped", "no browser here"));
  try {
    for (const count of [1, 500]) {
      const cells = Array.from({ length: count }, (_, i) => ({ cellType: "code" as const, source: `const value${i} = ${i};` }));
      const notebook = await call(
        createNotebook,
        { workspace: "main", title: `bench ${count}`, cells },
        { baseUrl: product.url, token: product.token },
      );
      const context = await browser.newContext();
      const page = await context.newPage();
      await signIn(page, product);
      for (const word of ["cold", "warm"]) {
        await page.goto("about:blank");
        const at = performance.now();
        await page.goto(`${product.url}/main/notebooks/${notebook.id}`, { waitUntil: "commit" });
        await page.locator('main[data-ready="true"]').waitFor();
        await page.keyboard.press("Enter");
        await page.locator(".monaco-editor.focused").first().waitFor();
        say(line(`notebook of ${count} to a caret in the first cell, ${word}`, ms(performance.now() - at)));
      }
      await context.close();
    }
  } finally {
    await browser.close();
  }
};

export const bench = async (say: Say): Promise<void> => {
  const product = await benchStart(say);
  try {
    await benchKernel(say, product);
    await benchNotebook(say, product);
  } finally {
    await product.stop();
  }
};
