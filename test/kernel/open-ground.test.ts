// The same attacks without walls: the gateway finds no bubblewrap on its path, as on a machine that has none. Each attack reaches its aim here,
// which proves that attacks.test.ts measures the walls and nothing else.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attack, attacks, type Ground, openGround } from "#test/kernel/attacks.ts";
import { openClient } from "#test/kit/kernel.ts";

process.env.PATH = "/nowhere";

describe("without walls", () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await openGround();
  });
  afterAll(() => ground.close());
  it("the sessions say that they are not walled", () => expect(ground.victim.model.atelier.sandboxed).toBe(false));
  it.each(attacks)("whoever $name reaches it", async (one) => {
    expect(await attack(ground, one)).toBe("reached");
  });

  it("packages are found there too, and are the session's own copy", async () => {
    const key = "c".repeat(32);
    const installed = join(process.env.ATELIER_HOME!, "packages", key);
    const put = (path: string, text: string): void => {
      mkdirSync(join(installed, path, ".."), { recursive: true });
      writeFileSync(join(installed, path), text);
    };
    put("node_modules/lamp/package.json", '{"name":"lamp","version":"1.0.0"}');
    put("node_modules/lamp/index.js", "module.exports = 'bright';");
    put("door.mjs", "export const load = (specifier) => import(specifier);");
    put("atelier.json", JSON.stringify({ versions: { lamp: "1.0.0" }, digests: { "node_modules/lamp": "1.0.0 x" } }));
    const kernel = await openClient(ground.gateway, { packages: [{ key, manifest: { lamp: "1" }, lock: "" }] });
    expect((await kernel.run('const { default: lamp } = await import("lamp"); lamp')).text).toBe("'bright'");
    const spoil = `const fs = await import("node:fs");
      fs.writeFileSync(process.argv.at(-1) + "/${key}/node_modules/lamp/index.js", "spoilt")`;
    expect((await kernel.run(spoil)).reply.status).toBe("ok");
    expect(readFileSync(join(installed, "node_modules/lamp/index.js"), "utf8")).toContain("bright");
  });
  it("a machine without npm says so", async () => {
    const { openLibrary } = await import("#kernel/packages/library.ts");
    const library = openLibrary(join(process.env.ATELIER_HOME!, "other-packages"));
    const work = { signal: new AbortController().signal, tell: () => {} };
    await expect(library.change({ lamp: "1" }, null, work)).rejects.toThrow("npm is not installed on the machine of the kernel service");
  });
});
