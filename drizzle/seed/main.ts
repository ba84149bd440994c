// Furnishes an installation. On its first start the supervisor calls this with `first`, once the product is healthy: all notebooks are
// placed with their recorded outputs, and one runs. `npm run seed` puts the same things into an installation that runs already
// (ATELIER_ADMIN_TOKEN and PORT say where); `npm run seed -- record [key …]` runs all of them, or those named, and keeps their outputs as
// those they ship with.
import { bringNotebook, bringTable, type House, runNotebook } from "#drizzle/seed/furnish.ts";
import { furnishing, library } from "#drizzle/seed/library.ts";
import type { SeedNotebook } from "#drizzle/seed/notebook.ts";
import { placeRecorded, writeRecorded } from "#drizzle/seed/recorded.ts";
import { call } from "#lib/kit/call.ts";
import { env } from "#lib/kit/env.ts";
import { readNotebook } from "#lib/notebooks/contract.ts";
import { stopSession } from "#lib/sessions/contract.ts";

const [mode = "again", ...keys] = process.argv.slice(2);
const workspace = "main";
/** A kernel lost under the notebook is no reason to leave the rooms empty. */
const attempts = 3;
const say = (sentence: string): void => void process.stdout.write(`${sentence}\n`);

/** A token of the house itself, and whether this installation still waits to be furnished. */
const openFirst = async (): Promise<{ house: House; workspaceId: string; finish: () => Promise<void> } | null> => {
  const { waitsForSeed, finishSeed, mintSessionToken } = await import("#lib/workspace/installation.ts");
  const workspaceId = await waitsForSeed();
  if (!workspaceId) return null;
  const { secret } = await mintSessionToken({
    workspaceId,
    userId: null,
    role: "owner",
    kind: "session",
    name: "Atelier",
    lifeMs: 30 * 60_000,
  });
  return { house: { url: env.webUrl, token: secret, workspace }, workspaceId, finish: finishSeed };
};

/** Places every notebook with its recorded outputs, then the tables they open; answers the id of the one that runs. */
const placeAll = async (house: House, workspaceId: string): Promise<string> => {
  let last = "";
  for (const notebook of library) {
    const { id } = await bringNotebook(house, notebook);
    const read = await call(readNotebook, { workspace, notebook: id }, { baseUrl: house.url, token: house.token });
    await placeRecorded(notebook.key, { id, workspaceId, revision: read.revision, cells: read.cells });
    last = id;
  }
  for (const notebook of library) for (const table of notebook.tables ?? []) await bringTable(house, table);
  return last;
};

const first = async (): Promise<void> => {
  const opened = await openFirst();
  if (!opened) return;
  const { house, workspaceId, finish } = opened;
  const id = await placeAll(house, workspaceId);
  for (let attempt = 1; ; attempt++) {
    try {
      await runNotebook(house, id, `seed-${id}-${Date.now()}`);
      break;
    } catch (error) {
      if (attempt === attempts) throw error; // the next start tries again
    }
  }
  await finish();
};

const openRunning = (): House => {
  if (!env.adminToken) throw new Error("Set ATELIER_ADMIN_TOKEN to an API token of an owner, made in Settings, and PORT to the product's.");
  return { url: env.webUrl, token: env.adminToken, workspace };
};

const bring = async (house: House, notebook: SeedNotebook): Promise<string> => {
  for (const table of notebook.tables ?? []) await bringTable(house, table);
  return (await bringNotebook(house, notebook)).id;
};

const run = async (house: House, notebook: SeedNotebook, id: string) => {
  const startedAt = Date.now();
  const ran = await runNotebook(house, id, `seed-${notebook.key}-${startedAt}`);
  say(`${notebook.title}: all cells ran in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`);
  return ran;
};

const again = async (): Promise<void> => {
  const house = openRunning();
  let last = "";
  for (const notebook of library) last = await bring(house, notebook);
  await run(house, furnishing, last);
};

/** Links to what a run made are kept only where a first start makes it again. */
const record = async (): Promise<void> => {
  const house = openRunning();
  const unknown = keys.find((key) => !library.some((one) => one.key === key));
  if (unknown) throw new Error(`There is no notebook ${unknown}. There are ${library.map((one) => one.key).join(", ")}.`);
  for (const notebook of library.filter((one) => keys.length === 0 || keys.includes(one.key))) {
    const id = await bring(house, notebook);
    writeRecorded(notebook.key, await run(house, notebook, id), { at: new Date(), keepsLinks: notebook === furnishing });
    await call(stopSession, { workspace, notebook: id }, { baseUrl: house.url, token: house.token });
    say(`Its outputs are recorded in outputs/${notebook.key}.json.`);
  }
};

const modes: Record<string, () => Promise<void>> = { first, again, record };

const wanted = modes[mode] ?? (() => Promise.reject(new Error(`${mode} is no such thing to do. There are again and record.`)));
await wanted().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`The workspace could not be furnished: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
