// npm packages of a notebook as people and cells ask for them: the whole way from the operation, through real npm and a registry of the test's own, to
// the import in a real session.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as notebooks from "#lib/notebooks/contract.ts";
import * as contract from "#lib/sessions/contract.ts";
import * as packages from "#lib/sessions/packages/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { eventually } from "#test/kit/product.ts";
import { refusal, refusals } from "#test/kit/refusals.ts";
import { openRegistry, type Registry } from "#test/kit/registry.ts";

const main = { workspace: "main" };
let house: House;
let registry: Registry;
beforeAll(async () => {
  registry = await openRegistry();
  process.env.ATELIER_NPM_REGISTRY = registry.url;
  for (const [version, said] of [
    ["1.2.0", "old"],
    ["1.3.0", "new"],
  ] as const)
    registry.publish({ name: "left-pad", version, files: { "index.js": `module.exports = () => ${JSON.stringify(said)};` } });
  registry.publish({
    name: "@scope/native",
    version: "1.0.0",
    files: { "index.js": "" },
    manifest: { scripts: { install: "node-gyp rebuild" } },
  });
  registry.publish({ name: "slow", version: "1.0.0", files: { "index.js": "" } });
  house = await openHouse({ kernel: true });
}, 120_000);
afterAll(async () => {
  await house.close();
  await registry.close();
});

const write = async (...sources: string[]): Promise<string> =>
  (
    await house.as("editor")(notebooks.createNotebook, {
      ...main,
      title: "Packages",
      cells: sources.map((source) => ({ cellType: "code" as const, source })),
    })
  ).id;
const add = (notebook: string, name: string, range = "") => house.as("editor")(packages.addPackage, { ...main, notebook, name, range });
const list = (notebook: string) => house.as("viewer")(packages.listPackages, { ...main, notebook });
/** Runs cells by their places to their end; answers how each ended and what all of it showed. */
const run = async (notebook: string, ...places: number[]) => {
  const { cells } = await house.as("editor")(notebooks.readNotebook, { ...main, notebook });
  const chosen = places.map((place) => cells[place]!);
  const { queued } = await house.as("editor")(contract.runCells, {
    ...main,
    notebook,
    cells: chosen.map((cell) => ({ cellId: cell.id, sourceHash: cell.hash })),
  });
  const isEnded = (found: Awaited<ReturnType<typeof read>>): boolean =>
    queued.every(({ cellId, queuedAt }) =>
      found.cells.some((one) => one.cellId === cellId && one.queuedAt === queuedAt && !contract.isPending(one.status)),
    );
  const read = () => house.as("viewer")(contract.readOutputs, { ...main, notebook });
  const found = await eventually("the cells end", async () => {
    const now = await read();
    return isEnded(now) ? now : null;
  });
  const outputs = chosen.flatMap((cell) => found.outputs[cell.id] ?? []);
  return { statuses: chosen.map((cell) => found.cells.find((one) => one.cellId === cell.id)!.status), shown: JSON.stringify(outputs) };
};

describe("refusals", { timeout: 120_000 }, () => {
  let id = "";
  beforeAll(async () => {
    id = await write("1");
    await add(id, "left-pad", "1.2.0");
  }, 60_000);
  const at = () => ({ ...main, notebook: id });
  refusals(() => house, packages.listPackages, at, { minimumRole: "viewer" });
  refusals(() => house, packages.readLock, at, { minimumRole: "viewer" });
  refusals(
    () => house,
    packages.addPackage,
    () => ({ ...at(), name: "left-pad" }),
    { minimumRole: "editor", bad: { name: "../x" } },
  );
  refusals(
    () => house,
    packages.removePackage,
    () => ({ ...at(), name: "left-pad" }),
    { minimumRole: "editor", bad: { name: "_x" } },
  );

  it("hostile names and ranges are refused before anything is asked of the registry", async () => {
    const before = registry.asked.length;
    for (const name of [
      "../x",
      "./x",
      "git+ssh://git@github.com/a/b",
      "file:/etc",
      "http://x/y.tgz",
      "npm:left-pad",
      "a/b",
      "left-pad@1",
      "-g",
      " ",
    ])
      expect((await refusal(add(id, name))).status, name).toBe(400);
    for (const range of [
      "npm:left-pad@1",
      "git+ssh://git@github.com/a/b",
      "file:../x",
      "../x",
      "https://x/y.tgz",
      "a/b",
      "x.tgz",
      "1.0.0 --script",
    ])
      expect((await refusal(add(id, "left-pad", range))).status, range).toBe(400);
    expect(registry.asked.length).toBe(before);
  });
  it("a name that every session has, and a notebook or package that is not there, are said", async () => {
    expect((await refusal(add(id, "fs"))).code).toBe("packages.builtin");
    expect((await refusal(add(id, "atelier"))).code).toBe("packages.builtin");
    expect((await refusal(add("nb_none", "left-pad"))).status).toBe(404);
    expect((await refusal(house.as("editor")(packages.removePackage, { ...main, notebook: id, name: "never" }))).status).toBe(404);
    expect((await refusal(house.as("viewer")(packages.readLock, { ...main, notebook: await write("1") }))).status).toBe(404);
  });
  it("an unknown package and an unknown range change nothing", async () => {
    expect((await refusal(add(id, "nothere"))).message).toContain("no package nothere");
    expect((await refusal(add(id, "left-pad", "^9"))).message).toContain("no version left-pad@^9");
    expect((await list(id)).items).toMatchObject([{ name: "left-pad", version: "1.2.0", range: "1.2.0" }]);
  });
});

describe("S12 packages", { timeout: 120_000 }, () => {
  it("a running session imports what is added now; another version is said; what is removed is gone", async () => {
    const id = await write('import pad from "left-pad"; pad()', '(await import("left-pad")).default()');
    const absent = await run(id, 0);
    expect(absent.statuses).toEqual(["failed"]);
    expect(absent.shown).toContain("%npm install left-pad");
    const first = await add(id, "left-pad", "1.2.0");
    expect(first).toMatchObject({ items: [{ name: "left-pad", version: "1.2.0" }], changedBy: "editor", note: null, installing: null });
    expect((await run(id, 0)).shown).toContain("'old'");
    const second = await add(id, "left-pad");
    expect(second.items).toMatchObject([{ range: "^1.3.0", version: "1.3.0" }]);
    expect(second.note).toContain("stays until it is restarted; new imports get 1.3.0");
    expect((await run(id, 1)).shown).toMatch(/1\.3\.0 is loaded beside 1\.2\.0.*'new'/);
    const { lock, manifest } = await house.as("viewer")(packages.readLock, { ...main, notebook: id });
    expect(manifest.dependencies).toEqual({ "left-pad": "^1.3.0" });
    expect(lock).toMatchObject({ lockfileVersion: 3, packages: { "node_modules/left-pad": { version: "1.3.0" } } });
    expect(await house.as("editor")(packages.removePackage, { ...main, notebook: id, name: "left-pad" })).toMatchObject({
      items: [],
      lock: null,
    });
    expect((await run(id, 1)).statuses).toEqual(["failed"]);
  }, 120_000);

  it("one whose install script was not run is named", async () => {
    const id = await write("1");
    const added = await add(id, "@scope/native");
    expect(added.items).toMatchObject([{ name: "@scope/native", needsScript: true }]);
    expect(added.note).toContain("@scope/native@1.0.0 has an install script, which was not run");
    const removed = await house.as("editor")(packages.removePackage, { ...main, notebook: id, name: "@scope/native" });
    expect(removed.items).toEqual([]);
  }, 60_000);

  it("a cell installs by %npm and by the SDK, lists and removes", async () => {
    const id = await write(
      '%npm install left-pad@1.2.0\nimport pad from "left-pad";\nconsole.log("says", pad(), `\n%d`)',
      'import { packages } from "atelier";\nawait packages.add("left-pad@^1.3");\n(await packages.list()).map((one) => one.name + one.version)',
      "%npm list",
      "%npm remove left-pad\n%npm ls",
      "%npm install --global left-pad",
      "%npm install nothere",
    );
    const all = await run(id, 0, 1, 2, 3);
    expect(all.statuses).toEqual(["done", "done", "done", "done"]);
    for (const said of [
      "left-pad 1.2.0 is installed",
      "says old",
      "left-pad1.3.0",
      "left-pad 1.3.0\\n",
      "left-pad is removed",
      "has no npm packages",
    ])
      expect(all.shown).toContain(said);
    expect((await run(id, 4)).shown).toContain("takes no options");
    expect((await run(id, 5)).shown).toContain("no package nothere");
  }, 120_000);

  it("two at once for one notebook: the second is refused, says who installs, and how far it is can be seen", async () => {
    const id = await write("1");
    registry.hang(/^slow$/);
    const stop = new AbortController();
    const first = house.as("editor")(packages.addPackage, { ...main, notebook: id, name: "slow" }, { signal: stop.signal });
    const settled = first.then(
      () => "installed",
      () => "stopped",
    );
    await eventually("it is said", async () => (await list(id)).installing?.by === "editor");
    const second = await refusal(add(id, "left-pad"));
    expect(second).toMatchObject({ status: 409, code: "packages.busy" });
    expect(second.message).toContain("editor installs");
    stop.abort();
    expect(await settled).toBe("stopped");
    await eventually("it has ended", async () => (await list(id)).installing === null);
    registry.hang(null);
    expect((await list(id)).items).toEqual([]);
    expect((await add(id, "slow")).items).toHaveLength(1);
  }, 120_000);

  it("Stop ends an installation that a cell began, and nothing is changed", async () => {
    const id = await write("%npm install slow");
    registry.publish({ name: "slow", version: "1.1.0", files: { "index.js": "" } });
    registry.hang(/^slow$/);
    const running = run(id, 0);
    await eventually("it installs", async () => (await list(id)).installing !== null);
    await house.as("editor")(contract.interruptSession, { ...main, notebook: id });
    expect((await running).statuses).toEqual(["cancelled"]);
    await eventually("it has ended", async () => (await list(id)).installing === null);
    registry.hang(null);
    expect((await list(id)).items).toEqual([]);
  });
});
