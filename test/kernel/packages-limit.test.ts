// An installation whose registry never answers is ended by its time, with the processes it started.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { eventually, treeOf } from "#test/kit/product.ts";
import { openRegistry } from "#test/kit/registry.ts";

it("an installation that hangs ends by its time limit, in words, and leaves neither processes nor files", async () => {
  const registry = await openRegistry();
  registry.publish({ name: "slow", version: "1.0.0", files: { "index.js": "" } });
  registry.hang(/slow/);
  Object.assign(process.env, { ATELIER_NPM_REGISTRY: registry.url, ATELIER_PACKAGES_SECONDS: "2" });
  const root = mkdtempSync(join(tmpdir(), "atelier-packages-"));
  const { openLibrary } = await import("#kernel/packages/library.ts");
  const before = Object.values(treeOf(process.pid)).flat().length;
  const asked = openLibrary(root).change({ slow: "1" }, null, { signal: new AbortController().signal, tell: () => {} });
  await expect(asked).rejects.toThrow("did not end within 2 seconds");
  await eventually("its processes are gone", () => Object.values(treeOf(process.pid)).flat().length <= before);
  expect(readdirSync(root).filter((name) => name !== ".cache")).toEqual([]);
  rmSync(root, { recursive: true });
  await registry.close();
}, 120_000);
