// Idle sessions: when they end, that working ones do not, and that one click keeps or starts again. Time is the house's still clock where minutes
// pass, so that nothing is waited for.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { now, setClock } from "#lib/kit/clock.ts";
import * as notebooks from "#lib/notebooks/contract.ts";
import * as contract from "#lib/sessions/contract.ts";
import { emptyState, endOfIdleness } from "#lib/sessions/rules.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { eventually } from "#test/kit/product.ts";
import { refusals } from "#test/kit/refusals.ts";

const main = { workspace: "main" };
let house: House;
beforeAll(async () => {
  house = await openHouse({ kernel: true });
});
afterAll(async () => {
  setClock();
  await house.close();
});

const write = async (source: string, idleMinutes?: number): Promise<string> => {
  const { id } = await house.as("editor")(notebooks.createNotebook, { ...main, title: "Idle", cells: [{ cellType: "code", source }] });
  if (idleMinutes !== undefined) await house.as("editor")(contract.changeWish, { ...main, notebook: id, idleMinutes });
  return id;
};
const press = async (notebook: string): Promise<void> => {
  const { cells } = await house.as("editor")(notebooks.readNotebook, { ...main, notebook });
  const wanted = cells.map((cell) => ({ cellId: cell.id, sourceHash: cell.hash }));
  await house.as("editor")(contract.runCells, { ...main, notebook, cells: wanted });
};
const read = (notebook: string) => house.as("viewer")(contract.readOutputs, { ...main, notebook });
const when = (notebook: string, what: string, is: (now: Awaited<ReturnType<typeof read>>) => boolean) =>
  eventually(what, async () => {
    const found = await read(notebook);
    return is(found) ? found : null;
  });
const isIdle = ({ session, cells }: Awaited<ReturnType<typeof read>>): boolean =>
  session.status === "idle" && cells.every((one) => !contract.isPending(one.status));
const pass = (minutes: number): void => {
  const at = now().getTime() + minutes * 60_000;
  const since = Date.now();
  setClock(() => at + (Date.now() - since));
};

describe("refusals", () => {
  const none = { ...main, notebook: "nb_none" };
  let id = "";
  beforeAll(async () => {
    id = await write("1");
  });
  refusals(
    () => house,
    contract.keepSession,
    () => ({ ...main, notebook: id }),
    { minimumRole: "editor" },
  );
  refusals(
    () => house,
    contract.readWish,
    () => ({ ...main, notebook: id }),
    { minimumRole: "viewer" },
  );
  refusals(
    () => house,
    contract.changeWish,
    () => ({ ...main, notebook: id, gpu: true }),
    { minimumRole: "editor", bad: { idleMinutes: -1 } },
  );
  it("a notebook that is not there is missing", async () => {
    await expect(house.as("owner")(contract.changeWish, none)).rejects.toMatchObject({ kind: "missing" });
    await expect(house.as("owner")(contract.keepSession, none)).rejects.toMatchObject({ kind: "missing" });
  });
});

describe("S8 when a session ends", () => {
  const at = new Date("2026-03-01T10:00:00Z");
  const run = (status: contract.CellStatus, endedAt: string | null = null) => [["r", { status, endedAt } as never]] as const;
  it("is so many minutes after the last run ended or somebody kept it, and never while it works or has work", () => {
    const state = (status: contract.SessionStatus, runs: Iterable<readonly [string, never]> = []) => ({
      ...emptyState(),
      status,
      runs: new Map(runs),
    });
    expect(endOfIdleness(state("idle"), at, 30)).toEqual(new Date("2026-03-01T10:30:00Z"));
    expect(endOfIdleness(state("idle", run("done", "2026-03-01T10:20:00Z")), at, 30)).toEqual(new Date("2026-03-01T10:50:00Z"));
    expect(endOfIdleness(state("idle", run("done", "2026-03-01T09:20:00Z")), at, 30)).toEqual(new Date("2026-03-01T10:30:00Z"));
    for (const status of ["busy", "starting", "restarting", "none", "lost"] as const)
      expect(endOfIdleness(state(status), at, 30)).toBeNull();
    expect(endOfIdleness(state("idle", run("queued")), at, 30)).toBeNull();
    expect(endOfIdleness(state("idle", run("running")), at, 30)).toBeNull();
    expect(endOfIdleness(state("idle"), at, 0)).toBeNull();
  });
});

describe("S8 an idle session", () => {
  it("says when it ends, is kept by a click, ends with clear words and its outputs, and the next run starts afresh", async () => {
    const notebook = await write("globalThis.runs = (globalThis.runs ?? 0) + 1; console.log('run', globalThis.runs)", 10);
    await press(notebook);
    const first = await when(notebook, "it has run", isIdle);
    const ends = Date.parse(first.session.endsAt!);
    expect(ends - now().getTime()).toBeGreaterThan(9 * 60_000);
    pass(9);
    const kept = await house.as("editor")(contract.keepSession, { ...main, notebook });
    expect(Date.parse(kept.endsAt!) - ends).toBeGreaterThan(8.9 * 60_000);
    pass(9);
    await press(notebook);
    await when(notebook, "it lives on", (found) => isIdle(found) && JSON.stringify(found.outputs).includes("run 2"));
    pass(10.1);
    const ended = await when(notebook, "it has ended", ({ session }) => session.status === "none");
    expect(ended.session.message).toBe(
      "The session ended after 10 idle minutes. Variables are gone, outputs are kept. Run a cell to start again.",
    );
    expect(JSON.stringify(ended.outputs)).toContain("run 2");
    await press(notebook);
    const anew = await when(notebook, "it runs afresh", (found) => isIdle(found) && JSON.stringify(found.outputs).includes("run 1"));
    expect(anew.session.message).toBeNull();
    setClock();
  });

  it("that runs a cell is never ended, however long it takes", async () => {
    const notebook = await write(
      "const until = Date.now() + 2500; while (Date.now() < until) await new Promise((r) => setTimeout(r, 50)); console.log('whole')",
      1,
    );
    await press(notebook);
    await when(notebook, "it runs", ({ session }) => session.status === "busy");
    pass(600);
    const done = await when(notebook, "it has run", ({ cells }) => cells[0]?.status === "done");
    expect(JSON.stringify(done.outputs)).toContain("whole");
    setClock();
  });

  it("that ended or was lost starts again by the same click that restarts it", async () => {
    const notebook = await write("1");
    await house.as("editor")(contract.startSession, { ...main, notebook });
    await when(notebook, "it is ready", isIdle);
    await house.as("editor")(contract.stopSession, { ...main, notebook });
    await when(notebook, "it is over", ({ session }) => session.status === "none");
    await house.as("editor")(contract.restartSession, { ...main, notebook });
    await when(notebook, "it is ready again", isIdle);
    await house.as("editor")(contract.stopSession, { ...main, notebook });
  });

  it("never ends when neither the notebook nor the installation says so", async () => {
    const notebook = await write("1");
    await house.as("editor")(contract.startSession, { ...main, notebook });
    const ready = await when(notebook, "it is ready", isIdle);
    expect(ready.session.endsAt).toBeNull();
    expect(await house.as("viewer")(contract.readWish, { ...main, notebook })).toMatchObject({
      idleMinutes: null,
      installationIdleMinutes: 0,
      gpu: false,
    });
    await house.as("editor")(contract.stopSession, { ...main, notebook });
  });
});
