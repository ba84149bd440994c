// npm packages of a notebook in a real gateway with real npm, against a registry of the test's own: how cells find them, what is refused, and that
// neither a package nor a cell gets further than it may.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Change, Lock } from "#lib/sessions/packages/contract.ts";
import { openClient, startGateway } from "#test/kit/kernel.ts";
import { eventually } from "#test/kit/product.ts";
import { openRegistry, type Registry } from "#test/kit/registry.ts";

type Done = Extract<Change, { type: "done" }>;
let registry: Registry;
let gateway: Awaited<ReturnType<typeof startGateway>>;
let store: string;

beforeAll(async () => {
  registry = await openRegistry();
  const pad = (text: string) => `module.exports = () => ${JSON.stringify(text)};`;
  registry.publish({ name: "left-pad", version: "1.2.0", files: { "index.js": pad("old") } });
  registry.publish({ name: "left-pad", version: "1.3.0", files: { "index.js": pad("new") } });
  registry.publish({
    name: "@scope/modern",
    version: "2.0.0",
    files: {
      "main.mjs": 'import pad from "left-pad"; export const said = pad(); export class Kept {}; export default Kept;',
      "more/deep.mjs": "export const deep = 7;",
    },
    manifest: { type: "module", exports: { ".": "./main.mjs", "./deep": "./more/deep.mjs" }, dependencies: { "left-pad": "^1.2.0" } },
  });
  registry.publish({
    name: "scripted",
    version: "1.0.0",
    files: { "index.js": "module.exports = require('fs').existsSync(__dirname + '/ran');" },
    manifest: { scripts: { install: "touch ran", postinstall: "touch ran", preinstall: "touch ran" } },
  });
  const dependent = (name: string, on: string) =>
    registry.publish({ name, version: "1.0.0", files: { "index.js": "" }, manifest: { dependencies: { evil: on } } });
  dependent("gitty", "git+ssh://git@github.com/a/b.git");
  dependent("remote", `${registry.url}/left-pad/-/1.3.0.tgz`);
  dependent("foldered", "file:/etc");
  dependent("aliased", "npm:left-pad@^1");
  registry.publish({ name: "giant", version: "1.0.0", files: { "a.bin": Buffer.alloc(30_000_000), "index.js": "" } });
  Object.assign(process.env, { ATELIER_NPM_REGISTRY: registry.url, ATELIER_PACKAGES_MB: "20" });
  gateway = await startGateway();
  store = join(process.env.ATELIER_HOME!, "packages");
}, 120_000);
afterAll(async () => {
  await gateway.stop();
});

const headers = () => ({ authorization: `Bearer ${gateway.secret}`, "content-type": "application/json" });
/** Asks for a change; answers every line it said. */
const change = async (manifest: Record<string, string>, lock: string | null = null, signal?: AbortSignal): Promise<Change[]> => {
  const answer = await fetch(`${gateway.url}/api/packages`, {
    method: "POST",
    headers: headers(),
    body: JSON.stringify({ manifest, lock }),
    signal: signal ?? null,
  });
  return (await answer.text())
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Change);
};
const done = async (manifest: Record<string, string>, lock: string | null = null): Promise<Done & { lock: Lock }> => {
  const last = (await change(manifest, lock)).at(-1)!;
  expect(last).toMatchObject({ type: "done" });
  return last as Done & { lock: Lock };
};
const refused = async (manifest: Record<string, string>): Promise<string> => {
  const last = (await change(manifest)).at(-1)!;
  expect(last.type).toBe("refused");
  return (last as Extract<Change, { type: "refused" }>).message;
};
const place = async (kernel: string, lock: Lock): Promise<number> =>
  (await fetch(`${gateway.url}/api/kernels/${kernel}/packages`, { method: "POST", headers: headers(), body: JSON.stringify(lock) })).status;
const halfDone = (): string[] => readdirSync(store).filter((name) => name.startsWith(".making-"));

describe("packages in a session", { timeout: 120_000 }, () => {
  it("are found by the next import of a running session, CommonJS and modules, by name and by subpath", async () => {
    const kernel = await openClient(gateway);
    expect((await kernel.run('await import("left-pad")')).reply.evalue).toContain("%npm install left-pad");
    const { lock, content } = await done({ "left-pad": "latest", "@scope/modern": "^2" });
    expect(lock.manifest).toEqual({ "left-pad": "^1.3.0", "@scope/modern": "^2" });
    expect(content.items.map(({ name, version }) => `${name} ${version}`)).toEqual(["@scope/modern 2.0.0", "left-pad 1.3.0"]);
    expect(content.items.every((one) => one.sizeBytes > 0)).toBe(true);
    expect(await place(kernel.id, lock)).toBe(204);
    expect((await kernel.run('import pad from "left-pad"; pad()')).text).toBe("'new'");
    expect(
      (await kernel.run('import { said } from "@scope/modern"; const { deep } = await import("@scope/modern/deep"); [said, deep]')).text,
    ).toBe("[ 'new', 7 ]");
    expect((await kernel.run('(await import("@scope/modern/none")).x')).reply.evalue).toContain("./none");
  });

  it("a new session of the lock has them before its first cell runs, a restarted one too", async () => {
    const { lock } = await done({ "left-pad": "1.2.0" });
    const kernel = await openClient(gateway, { packages: [lock] });
    const code = 'import pad from "left-pad"; pad()';
    expect((await kernel.run(code)).text).toBe("'old'");
    await kernel.request("/restart");
    expect((await kernel.run(code)).text).toBe("'old'");
  });

  it("a session on a machine that has not installed the lock yet does, says so to who waits, and runs then", async () => {
    registry.publish({ name: "far", version: "1.0.0", files: { "index.js": "module.exports = 'from afar';" } });
    const { openLibrary } = await import("#kernel/packages/library.ts");
    const other = openLibrary(join(process.env.ATELIER_HOME!, "another-machine"));
    const { lock } = await other.change({ far: "1" }, null, { signal: new AbortController().signal, tell: () => {} });
    registry.hang(/far\/-\//);
    const kernel = await openClient(gateway, { packages: [lock] });
    const id = kernel.send('(await import("far")).default');
    await kernel.until(() => kernel.about(id).find((one) => String(one.msg.content.text).includes("are being installed on this machine")));
    registry.hang(null);
    await kernel.until(() => kernel.about(id).find((one) => one.msg.header.msg_type === "execute_reply"), 60_000);
    const result = kernel.about(id).find((one) => one.msg.header.msg_type === "execute_result");
    expect(result?.msg.content.data).toMatchObject({ "text/plain": "'from afar'" });
  });

  it("what was imported stays one instance when something else is added, and another version is loaded beside it, in words", async () => {
    const first = await done({ "@scope/modern": "2.0.0", "left-pad": "1.2.0" });
    const kernel = await openClient(gateway, { packages: [first.lock] });
    await kernel.run('import { Kept, said } from "@scope/modern"; globalThis.before = new Kept()');
    const second = await done({ ...first.lock.manifest, scripted: "1" }, first.lock.lock);
    await place(kernel.id, second.lock);
    expect((await kernel.run('before instanceof (await import("@scope/modern")).Kept')).text).toBe("true");
    const third = await done({ ...first.lock.manifest, "left-pad": "1.3.0" }, second.lock.lock);
    await place(kernel.id, third.lock);
    const after = await kernel.run('(await import("left-pad")).default()');
    expect(after.text).toBe("'new'");
    expect(after.stdout).toContain("left-pad 1.3.0 is loaded beside 1.2.0");
    expect(after.stdout).toContain("Restart the session");
  });

  it("an execution that names a lock finds that one, and none where it names none", async () => {
    const [old, young] = [await done({ "left-pad": "1.2.0" }), await done({ "left-pad": "1.3.0" })];
    const kernel = await openClient(gateway, { packages: [old.lock, young.lock] });
    const told = async (packages: string | null) =>
      (await kernel.run('(await import("left-pad")).default()', { metadata: { atelier: { packages } } })).text;
    expect([await told(old.lock.key), await told(young.lock.key), await told(null), await told(old.lock.key)]).toEqual([
      "'old'",
      "'new'",
      undefined,
      "'old'",
    ]);
  });

  it("the language process knows the folder of the session's packages", async () => {
    const { lock } = await done({ "left-pad": "1.2.0" });
    const { openLibrary } = await import("#kernel/packages/library.ts");
    const { makeKernel } = await import("#kernel/kernel.ts");
    const kernel = await makeKernel({ isKept: false });
    expect(kernel.packageFolder()).toBeNull();
    const work = { signal: new AbortController().signal, tell: () => {} };
    await kernel.place(lock.key, () => openLibrary(store).ensure(lock, work));
    expect(existsSync(join(kernel.packageFolder()!, "node_modules/left-pad/index.js"))).toBe(true);
    kernel.remove();
    await eventually("its copy goes with it", () => !existsSync(kernel.packageFolder()!));
  });
});

describe("walls", { timeout: 120_000 }, () => {
  it("a session of a stock client, which belongs to no notebook, says so when it is to install", async () => {
    const kernel = await openClient(gateway);
    expect((await kernel.run("%npm install left-pad")).reply.evalue).toContain("Packages belong to a notebook");
    expect((await kernel.run("const words = `\n%npm install left-pad\n`; words.trim()")).text).toBe("'%npm install left-pad'");
  });

  it("no install script ever runs, and packages that have one are named", async () => {
    const { content, lock } = await done({ scripted: "*" });
    expect(content.items).toMatchObject([{ name: "scripted", needsScript: true }]);
    expect(content.scripts).toEqual(["scripted@1.0.0"]);
    const kernel = await openClient(gateway, { packages: [lock] });
    expect((await kernel.run('(await import("scripted")).default')).text).toBe("false");
  });

  it("a session cannot write, replace or remove what is mounted, and the library stays as it was", async ({ skip }) => {
    const { lock } = await done({ "left-pad": "1.3.0" });
    const kernel = await openClient(gateway, { packages: [lock] });
    skip(!kernel.model.atelier.sandboxed, "no bubblewrap here");
    const attack = `
      const fs = await import("node:fs");
      const at = "/run/session/packages/${lock.key}";
      const tries = {
        write: () => fs.writeFileSync(at + "/node_modules/left-pad/index.js", "bad"),
        append: () => fs.appendFileSync(at + "/door.mjs", "bad"),
        add: () => fs.writeFileSync(at + "/node_modules/new.js", "bad"),
        remove: () => fs.rmSync(at, { recursive: true }),
        rename: () => fs.renameSync(at, at + "x"),
        mode: () => fs.chmodSync(at + "/node_modules/left-pad/index.js", 0o777),
        turn: () => fs.writeFileSync("/run/session/packages/current", "{}"),
        link: () => { fs.linkSync(at + "/node_modules/left-pad/index.js", "mine.js"); fs.writeFileSync("mine.js", "bad"); },
      };
      Object.entries(tries).filter(([, act]) => { try { act(); return true; } catch { return false; } }).map(([name]) => name)`;
    expect((await kernel.run(attack)).text).toBe("[]");
    const second = await openClient(gateway, { packages: [lock] });
    expect((await second.run('(await import("left-pad")).default()')).text).toBe("'new'");
  });

  it("a session sees its own notebook's packages and nobody else's", async ({ skip }) => {
    const { lock } = await done({ "left-pad": "1.3.0" });
    await done({ scripted: "*" });
    const kernel = await openClient(gateway, { packages: [lock] });
    skip(!kernel.model.atelier.sandboxed, "no bubblewrap here");
    const seen = await kernel.run('const fs5 = await import("node:fs"); fs5.readdirSync("/run/session/packages").sort()');
    expect(seen.text).toBe(`[ '${lock.key}', 'current' ]`);
  });

  it.each([
    ["gitty", "outside the registry"],
    ["remote", "outside the registry"],
    ["foldered", "outside the registry"],
  ])("%s, which depends on something outside the registry, is refused in words", async (name, words) => {
    expect(await refused({ [name]: "*" })).toContain(words);
    expect(halfDone()).toEqual([]);
  });

  it("a dependency under another name is taken when it comes from the registry", async () => {
    const { lock } = await done({ aliased: "1" });
    expect(lock.lock).toContain("node_modules/evil");
  });

  it("a lock that names another place, lacks a digest, leaves its folder or is not what it is named after is refused", async () => {
    const { readLockFile } = await import("#kernel/packages/lock.ts");
    const { openLibrary } = await import("#kernel/packages/library.ts");
    const lock = (path: string, entry: object) =>
      JSON.stringify({ lockfileVersion: 3, packages: { "": {}, [path]: { version: "1.0.0", ...entry } } });
    const integrity = "sha512-x";
    expect(() => readLockFile(lock("node_modules/a", { integrity }))).not.toThrow();
    for (const [path, entry] of [
      ["node_modules/a", { integrity, resolved: "git+ssh://git@github.com/a/b.git#1" }],
      ["node_modules/a", { integrity, resolved: "https://elsewhere.test/a.tgz" }],
      ["node_modules/a", {}],
      ["node_modules/a", { integrity, link: true }],
      ["node_modules/../../a", { integrity }],
      ["../a", { integrity }],
      ["etc/a", { integrity }],
    ] as const)
      expect(() => readLockFile(lock(path, entry)), path + JSON.stringify(entry)).toThrow();
    const work = { signal: new AbortController().signal, tell: () => {} };
    const forged = { key: "0".repeat(32), manifest: { a: "1" }, lock: lock("node_modules/a", { integrity }) };
    await expect(openLibrary(store).ensure(forged, work)).rejects.toThrow("not what it is named after");
  });
});

describe("what cannot be installed", { timeout: 120_000 }, () => {
  it("an unknown package and an unknown range are said by name", async () => {
    expect(await refused({ nothere: "*" })).toContain("no package nothere");
    expect(await refused({ "left-pad": "^9" })).toContain("no version left-pad@^9");
  });

  it("one that is larger than the limit is stopped, and leaves nothing", async () => {
    expect(await refused({ giant: "1" })).toContain("20 MB");
    expect(halfDone()).toEqual([]);
  });

  it("one that hangs is stopped when nobody waits any more, its processes with it, and the next one goes on", async () => {
    registry.publish({ name: "slow", version: "1.0.0", files: { "index.js": "" } });
    registry.hang(/^slow$/);
    const stop = new AbortController();
    const asked = change({ slow: "1" }, null, stop.signal);
    await eventually("it asks the registry", () => registry.asked.includes("slow"));
    expect(halfDone().length).toBe(1);
    stop.abort();
    await expect(asked).rejects.toThrow();
    await eventually("it is gone with all it made", () => halfDone().length === 0);
    registry.hang(null);
    expect((await done({ slow: "1" })).content.items).toHaveLength(1);
  });

  it("a third one on a machine waits for the first two, says so, and goes on when one of them has ended", async () => {
    const { openLibrary } = await import("#kernel/packages/library.ts");
    const library = openLibrary(join(process.env.ATELIER_HOME!, "queued-packages"));
    for (const name of ["one", "two", "three"]) registry.publish({ name, version: "1.0.0", files: { "index.js": "" } });
    registry.hang(/^(one|two)$/);
    const said: string[] = [];
    const stops = [new AbortController(), new AbortController(), new AbortController()];
    const [first, second] = ["one", "two"].map((name, i) =>
      library.change({ [name]: "1" }, null, { signal: stops[i]!.signal, tell: () => {} }).catch((error: Error) => error.message),
    );
    const impatient = library.change({ three: "1" }, null, { signal: stops[2]!.signal, tell: () => {} });
    const third = library.change({ three: "1" }, null, {
      signal: new AbortController().signal,
      tell: (sentence) => void said.push(sentence),
    });
    expect(said).toEqual(["Waits for other installations on this machine."]);
    stops[2]!.abort();
    await expect(impatient).rejects.toThrow("was stopped");
    stops[0]!.abort();
    expect(await first).toContain("was stopped");
    expect((await third).content.items).toMatchObject([{ name: "three" }]);
    library.close();
    expect(await second).toContain("was stopped");
    registry.hang(null);
  });

  it("what an ended gateway left half done is removed by the next, and is never taken for installed", async () => {
    const { openLibrary } = await import("#kernel/packages/library.ts");
    const root = join(process.env.ATELIER_HOME!, "other-packages");
    mkdirSync(join(root, ".making-x/node_modules/half"), { recursive: true });
    const { lock } = await done({ "left-pad": "1.3.0" });
    mkdirSync(join(root, lock.key, "node_modules"), { recursive: true }); // no card: not all of it is there
    writeFileSync(join(root, lock.key, "node_modules/x"), "");
    const library = openLibrary(root);
    expect(readdirSync(root).filter((name) => name.startsWith(".making"))).toEqual([]);
    const folder = await library.ensure(lock, { signal: new AbortController().signal, tell: () => {} });
    expect(existsSync(join(folder, "node_modules/left-pad/index.js"))).toBe(true);
  });

  it("without a registry what is here still installs, and what is not says the next step", async () => {
    const { lock } = await done({ "left-pad": "1.3.0" });
    await registry.close();
    const kernel = await openClient(gateway, { packages: [lock] });
    expect((await kernel.run('(await import("left-pad")).default()')).text).toBe("'new'");
    expect(await refused({ "never-seen": "1" })).toMatch(/cannot reach .*Try again when the machine is online/);
  });
});
