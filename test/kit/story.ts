// What stories share: people who joined by an invitation in their own browser, and short words for asking the product.
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type CallOptions, call } from "#lib/kit/call.ts";
import type { CallInputOf, Operation, OutputOf } from "#lib/kit/operation.ts";
import { readNotebook } from "#lib/notebooks/contract.ts";
import { type CellState, isPending, type Output, readOutputs, runCells } from "#lib/sessions/contract.ts";
import { createInvitation, createToken, type Role } from "#lib/workspace/contract.ts";
import { eventually, type Product } from "#test/kit/product.ts";

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
