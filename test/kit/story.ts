// What stories share: people who joined by an invitation in their own browser, and short words for asking the product.
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type CallOptions, call } from "#lib/kit/call.ts";
import type { CallInputOf, Operation, OutputOf } from "#lib/kit/operation.ts";
import { readNotebook } from "#lib/notebooks/contract.ts";
import { listPredictions } from "#lib/serving/contract.ts";
import { type CellState, isPending, type Output, readOutputs, runCells } from "#lib/sessions/contract.ts";
import { createInvitation, createToken, type Role } from "#lib/workspace/contract.ts";
import { eventually, isHealthy, type Product } from "#test/kit/product.ts";

export const workspace = "main";

export const asking =
  (product: Pick<Product, "url" | "token">, token = product.token) =>
  <O extends Operation>(operation: O, input: CallInputOf<O>, options: CallOptions = {}): Promise<OutputOf<O>> =>
    call(operation, input, { baseUrl: product.url, token, ...options });

export type Person = { name: string; context: BrowserContext; page: Page };

/** Opens an invitation in a browser of its own and fills the form, as somebody new does. */
export const join = async (browser: Browser, product: Product, name: string, role: Role): Promise<Person> => {
  const { link } = await asking(product)(createInvitation, { workspace, role });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.goto(link);
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("E-mail").fill(`${name.toLowerCase()}@example.test`);
  await page.getByLabel("Password").fill(`${name}-has-a-password`);
  await page.getByRole("button", { name: "Join" }).click();
  await page.waitForURL(`${product.url}/${workspace}`);
  return { name, context, page };
};

/** An API token of a role, minted by the owner. */
export const tokenOf = async (product: Product, role: Role): Promise<string> =>
  (await asking(product)(createToken, { workspace, name: `${role} of a story`, role })).token;

/** Queues every code cell of a notebook. */
export const runAll = async (product: Product, notebook: string): Promise<void> => {
  const { cells } = await asking(product)(readNotebook, { workspace, notebook });
  const code = cells.filter((cell) => cell.cellType === "code");
  await asking(product)(runCells, { workspace, notebook, cells: code.map((cell) => ({ cellId: cell.id, sourceHash: cell.hash })) });
};

export type Outcome = { states: CellState[]; outputs: Output[][]; text: string };

/** Waits until every code cell has been run to its end, and answers states and outputs in the order of the cells. */
export const outcomeOf = (product: Product, notebook: string, limitMs = 120_000): Promise<Outcome> =>
  eventually(
    "the notebook has run",
    async () => {
      const { cells } = await asking(product)(readNotebook, { workspace, notebook });
      const now = await asking(product)(readOutputs, { workspace, notebook });
      const code = cells.filter((cell) => cell.cellType === "code");
      const states = code.map((cell) => now.cells.find((one) => one.cellId === cell.id));
      if (!states.every((one) => one && !isPending(one.status))) return null;
      const outputs = code.map((cell) => (now.outputs[cell.id] ?? []) as unknown as Output[]);
      const text = outputs
        .flat()
        .map((one) => (one.output_type === "stream" ? one.text : one.output_type === "error" ? one.traceback.join("\n") : ""))
        .join("");
      return { states: states as CellState[], outputs, text };
    },
    limitMs,
  );

/** Kills a kind of process with -9 and waits until another has taken its place and everything answers. */
export const kill = async (product: Product, kind: string): Promise<void> => {
  const before = product.pids()[kind] ?? [];
  if (before.length === 0) throw new Error(`no ${kind} to kill`);
  for (const pid of kind === "postgres" ? before.slice(0, 1) : before) process.kill(pid, "SIGKILL");
  await eventually(`another ${kind}`, () => product.pids()[kind]?.some((pid) => !before.includes(pid)));
  await eventually("health", () => isHealthy(product.url));
};

/** Asks the endpoint `credit` of kit/serving for one row; whether the whole answer came. */
export const askCredit = async (product: Product, income: number): Promise<boolean> => {
  const inputs = [
    { name: "income", shape: [1, 1], datatype: "FP32", data: [income] },
    { name: "rate", shape: [1, 1], datatype: "FP32", data: [11] },
    { name: "grade", shape: [1, 1], datatype: "BYTES", data: ["C"] },
  ];
  const headers = { authorization: `Bearer ${product.token}` };
  const body = JSON.stringify({ id: `ask-${income}`, inputs });
  try {
    const answer = await fetch(`${product.url}/v2/models/credit/infer`, { method: "POST", headers, body });
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
};

/** The income of every answered row in the log of `credit`, repeated if it was logged twice. */
export const loggedIncomes = async (product: Product): Promise<number[]> => {
  const found: number[] = [];
  let after: string | undefined;
  do {
    const page = await asking(product)(listPredictions, { workspace, endpoint: "credit", limit: 200, ...(after ? { after } : {}) });
    found.push(...page.items.filter((one) => one.status === 200).map((one) => Number(one.inputs?.income?.[0])));
    after = page.next ?? undefined;
  } while (after);
  return found;
};
