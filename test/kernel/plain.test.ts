// The plain tree: the same program without types, found when it is of these sources and passed over when it is not.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openClient, startGateway } from "#test/kit/kernel.ts";

const folder = mkdtempSync(join(tmpdir(), "atelier-plain-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A small product: one module that imports another by its house name, reads a path in a string, and has types. */
const furnish = (name: string, answer: number): string => {
  const root = join(folder, name);
  for (const one of ["kernel", "lib", "node_modules"]) mkdirSync(join(root, one), { recursive: true });
  copyFileSync(new URL("../../kernel/plain.js", import.meta.url), join(root, "kernel/plain.js"));
  writeFileSync(join(root, "package.json"), '{ "type": "module", "imports": { "#lib/*": "./lib/*" } }');
  writeFileSync(join(root, "lib/answer.ts"), `export const answer: number = ${answer};\n`);
  writeFileSync(
    join(root, "kernel/main.ts"),
    'import { answer } from "#lib/answer.ts";\nconst again = (await import(new URL("../lib/answer.ts", import.meta.url).href)) as { answer: number };\nconsole.log(answer, again.answer, import.meta.filename.slice(-2));\n',
  );
  return root;
};
const ask = (root: string, expression: string): string =>
  execFileSync(
    process.execPath,
    ["-e", `import(${JSON.stringify(join(root, "kernel/plain.js"))}).then((m) => console.log(${expression}))`],
    {
      encoding: "utf8",
    },
  ).trim();
const run = (root: string): string =>
  execFileSync(process.execPath, ["--disable-warning=ExperimentalWarning", ask(root, "m.entryOf('kernel/main')")], {
    encoding: "utf8",
  }).trim();

describe("the plain tree", () => {
  it("runs the same, is made once, and is passed over as soon as a source changes", () => {
    const root = furnish("changing", 41);
    expect(run(root)).toBe("41 41 ts");
    expect(ask(root, "m.makePlainTree()")).toBe("true");
    expect(run(root)).toBe("41 41 js");
    writeFileSync(join(root, "lib/answer.ts"), "export const answer: number = 1042;\n");
    expect(run(root)).toBe("1042 1042 ts");
    expect(ask(root, "m.makePlainTree()")).toBe("true");
    expect(run(root)).toBe("1042 1042 js");
  });
  it("is done without where it cannot be written", () => {
    const root = furnish("sealed", 7);
    writeFileSync(join(root, "node_modules/.cache"), "in the way");
    expect(ask(root, "m.makePlainTree()")).toBe("false");
    expect(run(root)).toBe("7 7 ts");
  });
  it("is what sessions start from", async () => {
    const gateway = await startGateway();
    const kernel = await openClient(gateway);
    expect((await kernel.run("1 + 1")).text).toBe("2");
    const line = readFileSync(`/proc/${kernel.model.atelier.pid}/cmdline`, "utf8");
    expect(line).toMatch(/node_modules\/\.cache\/atelier\/[0-9a-f]{16}\/kernel\/session\/main\.js/);
    await gateway.stop();
  });
});
