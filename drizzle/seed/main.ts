// Furnishes an installation. On its first start the supervisor calls this with `first`, once the product is healthy; `npm run seed` puts
// the same things into an installation that runs already (ATELIER_ADMIN_TOKEN and PORT say where), and `npm run seed -- record` keeps
// the outputs of that run as those the notebook ships with.
import { bringNotebook, bringTable, type House, runNotebook } from "#drizzle/seed/furnish.ts";
import { placeRecorded, writeRecorded } from "#drizzle/seed/recorded.ts";
import { call } from "#lib/kit/call.ts";
import { env } from "#lib/kit/env.ts";
import { readNotebook } from "#lib/notebooks/contract.ts";

const [mode = "again"] = process.argv.slice(2);
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

const first = async (): Promise<void> => {
  const opened = await openFirst();
  if (!opened) return;
  const { house, workspaceId, finish } = opened;
  await bringTable(house);
  const { id } = await bringNotebook(house);
  const read = await call(readNotebook, { workspace, notebook: id }, { baseUrl: house.url, token: house.token });
  await placeRecorded({ id, workspaceId, revision: read.revision, cells: read.cells });
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

const again = async (): Promise<void> => {
  if (!env.adminToken) throw new Error("Set ATELIER_ADMIN_TOKEN to an API token of an owner, made in Settings, and PORT to the product's.");
  const house: House = { url: env.webUrl, token: env.adminToken, workspace };
  await bringTable(house);
  const { id } = await bringNotebook(house);
  const startedAt = Date.now();
  const ran = await runNotebook(house, id, `seed-${startedAt}`);
  say(`All cells ran in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`);
  if (mode === "record") {
    writeRecorded(ran, new Date());
    say("Their outputs are recorded.");
  }
};

await (mode === "first" ? first() : again()).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`The workspace could not be furnished: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
