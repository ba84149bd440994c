// The walls of the house: what may import what, what may be named how, how large a file may grow. Read from the sources; milliseconds.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "oxc-parser";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tracked = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root, encoding: "utf8" })
  .split("\n")
  .filter((name) => name && existsSync(join(root, name)));
const sources = tracked.filter((name) => /\.(ts|tsx)$/.test(name) && !name.endsWith(".d.ts"));
const text = new Map(sources.map((name) => [name, readFileSync(join(root, name), "utf8")]));

/** Static and dynamic import targets inside the house, as paths from the root. */
const importsOf = (name: string): string[] => {
  const parsed = parseSync(name, text.get(name)!);
  const wanted = [
    ...parsed.module.staticImports.map((one) => one.moduleRequest.value),
    ...parsed.module.staticExports.flatMap((one) =>
      one.entries.flatMap((entry) => (entry.moduleRequest ? [entry.moduleRequest.value] : [])),
    ),
  ];
  for (const match of text.get(name)!.matchAll(/import\(\s*"([^"]+)"\s*\)/g)) wanted.push(match[1]!);
  return wanted.flatMap((target) => {
    if (target === "#db") return ["lib/db/db.ts"];
    if (target.startsWith("#")) return [target.slice(1)];
    return target.startsWith(".") ? [normalize(join(dirname(name), target))] : [];
  });
};
const imports = new Map(sources.map((name) => [name, importsOf(name)]));
/** Imports that stay at run time; a cycle of types alone is none. */
const runtimeImports = (name: string): string[] => {
  const kept = text
    .get(name)!
    .replaceAll(/import type [\s\S]*?from "[^"]+";/g, "")
    .replaceAll(/export type [\s\S]*?from "[^"]+";/g, "");
  return imports
    .get(name)!
    .filter(
      (target) =>
        kept.includes(`"#${target}"`) ||
        (target === "lib/db/db.ts" && kept.includes('"#db"')) ||
        kept.includes(`/${target.split("/").at(-1)}"`),
    );
};

const domains = [
  "workspace",
  "costs",
  "devices",
  "notebooks",
  "sessions",
  "datasets",
  "features",
  "experiments",
  "models",
  "tuning",
  "evaluation",
  "feedback",
  "finetuning",
  "pipelines",
  "serving",
  "monitoring",
  "retraining",
];
const domainOf = (name: string): number => domains.indexOf(/^lib\/([a-z]+)\//.exec(name)?.[1] ?? "");
const isContract = (name: string): boolean => /\/contract\.ts$/.test(name);
const offending = (rule: (from: string, to: string) => boolean): string[] =>
  sources.flatMap((from) =>
    imports
      .get(from)!
      .filter((to) => rule(from, to))
      .map((to) => `${from} → ${to}`),
  );

describe("directions", () => {
  it("imports between domains run downhill", () => {
    expect(offending((from, to) => domainOf(from) >= 0 && domainOf(to) >= 0 && domainOf(to) > domainOf(from) && !isContract(to))).toEqual(
      [],
    );
  });
  it("only stores and the house's own tools open the database", () => {
    const may =
      /^(lib\/db\/|lib\/kit\/|lib\/boot\/|test\/|drizzle\/seed\/)|(^|\/|-)store\.ts$|lib\/workspace\/(authority|installation)\.ts$|lib\/datasets\/store/;
    expect(
      offending((from, to) => to === "lib/db/db.ts" && !may.test(from) && !/import type \{[^}]*\} from "#db"/.test(text.get(from)!)),
    ).toEqual([]);
  });
  it("components know contracts and the browser's half of the kit, never services", () => {
    const may =
      /^components\/|\/contract\.ts$|^lib\/kit\/(call|problem|operation|ids)\.ts$|^lib\/notebooks\/document\.ts$|^lib\/learn\/stats\//;
    expect(offending((from, to) => from.startsWith("components/") && /^(lib|kernel|app|drizzle)\//.test(to) && !may.test(to))).toEqual([]);
  });
  it("the kernel imports the kit, learn, the SDK and contracts, and never the database", () => {
    expect(
      offending((from, to) => from.startsWith("kernel/") && to.startsWith("lib/") && !/^lib\/(kit|learn|sdk)\/|\/contract\.ts$/.test(to)),
    ).toEqual([]);
    expect(
      offending((from, to) => from.startsWith("kernel/") && /^lib\/(db\/|kit\/(verb|outbox|audit|live|job|events)\.ts)/.test(to)),
    ).toEqual([]);
  });
  it("the SDK imports contracts, the kit and learn", () => {
    expect(offending((from, to) => from.startsWith("lib/sdk/") && !/^lib\/(sdk|kit|learn)\/|\/contract\.ts$/.test(to))).toEqual([]);
  });
  it("learn and the kit import nothing above them", () => {
    expect(offending((from, to) => from.startsWith("lib/learn/") && !to.startsWith("lib/learn/"))).toEqual([]);
    expect(offending((from, to) => from.startsWith("lib/kit/") && !/^lib\/(kit|db)\/|^drizzle\/tables\/house\.ts$/.test(to))).toEqual([]);
  });
  it("nobody imports app, and nothing of the product imports tests", () => {
    expect(offending((from, to) => to.startsWith("app/") && !from.startsWith("app/"))).toEqual([]);
    expect(offending((from, to) => to.startsWith("test/") && !from.startsWith("test/"))).toEqual([]);
    expect(offending((from, to) => to.startsWith("kernel/") && !/^(kernel|test)\//.test(from))).toEqual([]);
  });
  it("has no cycles", () => {
    const state = new Map<string, "open" | "closed">();
    const cycles: string[] = [];
    const visit = (name: string, trail: string[]): void => {
      if (state.get(name) === "closed" || !text.has(name)) return;
      if (state.get(name) === "open") return void cycles.push([...trail.slice(trail.indexOf(name)), name].join(" → "));
      state.set(name, "open");
      for (const next of runtimeImports(name)) visit(next, [...trail, name]);
      state.set(name, "closed");
    };
    for (const name of sources.filter((one) => !one.startsWith("test/"))) visit(name, []);
    expect(cycles).toEqual([]);
  });
});

describe("names and sizes", () => {
  const written = sources.filter((name) => !name.startsWith("drizzle/migrations"));
  it("no file is a drawer without a name", () => {
    expect(tracked.filter((name) => /(^|\/)(utils?|helpers?|common|types?|manager|handlers?|misc|v2)\.(ts|tsx)$/.test(name))).toEqual([]);
  });
  it("files are kebab-case nouns", () => {
    expect(written.filter((name) => !/^([a-z0-9.-]+|\[[a-z]+\]|\([a-z]+\))$/.test(name.split("/").at(-1)!))).toEqual([]);
  });
  it("nothing hand-written passes 500 lines", () => {
    expect(written.filter((name) => text.get(name)!.split("\n").length > 500)).toEqual([]);
  });
  it("the median file of the product has at most 120 lines", () => {
    const lines = written
      .filter((name) => !name.startsWith("test/"))
      .map((name) => text.get(name)!.split("\n").length)
      .sort((a, b) => a - b);
    expect(lines[Math.floor(lines.length / 2)]).toBeLessThanOrEqual(120);
  });
  it("every file opens with prose", () => {
    const silent = written.filter((name) => !/^(#!.*\n)?(\/\/|\/\*|"use client";\s*\n+(\/\/|\/\*))/.test(text.get(name)!.trimStart()));
    expect(silent).toEqual([]);
  });
  it("the root holds only what the house plan names", () => {
    const allowed =
      /^(app|components|drizzle|kernel|lib|test|\.[^/]+)\/|^(LICENSE|README\.md|next\.config\.js|package\.json|package-lock\.json|tsconfig\.json|biome\.json|\.[^/]+)$/;
    expect(tracked.filter((name) => !allowed.test(name))).toEqual([]);
  });
});

describe("habits", () => {
  it("the environment is read in one file", () => {
    expect(
      sources.filter(
        (name) => /^(app|components|kernel|lib)\//.test(name) && name !== "lib/kit/env.ts" && /process\.env\b/.test(text.get(name)!),
      ),
    ).toEqual([]);
  });
  it("the README's configuration is what the environment reads: every variable a person sets, with its default, and no other", () => {
    const read = text.get("lib/kit/env.ts")!;
    const [forPeople = "", between = ""] = read.split("// Passed between processes by the supervisor.");
    const shared = ["ATELIER_INTERNAL_SECRET", "ATELIER_AUTH_SECRET"].filter((name) => between.includes(`"${name}"`));
    const wanted = [...forPeople.matchAll(/(?:text|whole)\("([A-Z_]+)"/g)].map((match) => match[1]!).filter((name) => name !== "NODE_ENV");
    const rows = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^\| `([A-Z_]+)` +\| ([^|]*?) +\|/gm)];
    expect(rows.map((row) => row[1]!).sort()).toEqual([...wanted, ...shared].sort());
    const named = readFileSync(join(root, "README.md"), "utf8").match(/\bATELIER_[A-Z_]+/g) ?? [];
    expect(named.filter((name) => !read.includes(`"${name}"`))).toEqual([]);
    for (const [, name, shown] of rows) {
      const given = new RegExp(`(?:text|whole)\\("${name}", (?:"([^"]*)"|(\\d+))\\)`).exec(read);
      if (given) expect(shown, name).toBe(`\`${given[1] ?? given[2]}\``);
    }
  });
  it("app holds pages only, each short", () => {
    const odd = tracked.filter(
      (name) =>
        name.startsWith("app/") &&
        /\.(ts|tsx)$/.test(name) &&
        !/\/(page|layout|loading|error|not-found|global-error|default|template)\.tsx$|^app\/(layout|error|not-found|page|global-error)\.tsx$/.test(
          name,
        ),
    );
    expect(odd).toEqual([]);
    expect(sources.filter((name) => name.startsWith("app/") && text.get(name)!.trimEnd().split("\n").length > 60)).toEqual([]);
    expect(sources.filter((name) => name.startsWith("app/") && /["']use server["']/.test(text.get(name)!))).toEqual([]);
  });
  it("default exports stand only where a tool demands them", () => {
    const demanded = /^app\/|^drizzle\/drizzle\.config\.ts$|^test\/vitest\.config\.ts$|^test\/kit\/setup\.ts$/;
    expect(sources.filter((name) => !demanded.test(name) && /^export default /m.test(text.get(name)!))).toEqual([]);
  });
  it("one copy of yjs is installed", () => {
    const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as { packages: Record<string, unknown> };
    expect(Object.keys(lock.packages).filter((name) => /(^|\/)node_modules\/yjs$/.test(name))).toEqual(["node_modules/yjs"]);
  });
  it("colours live in the tokens", () => {
    const sheets = tracked.filter((name) => name.endsWith(".css") && name !== "app/globals.css");
    expect(
      sheets.filter((name) =>
        /#[0-9a-f]{3,8}\b|\b(rgb|hsl|oklch)a?\(/i.test(readFileSync(join(root, name), "utf8").replaceAll(/oklch\(from /g, "")),
      ),
    ).toEqual([]);
  });
  it("nothing asks another machine: no external address in pages, components or styles", () => {
    const shown = tracked.filter((name) => /^(app|components)\/.*\.(tsx?|css)$/.test(name));
    expect(
      shown.filter((name) =>
        /https?:\/\/(?!127\.0\.0\.1|localhost|www\.w3\.org|vega\.github\.io\/schema)/.test(readFileSync(join(root, name), "utf8")),
      ),
    ).toEqual([]);
  });
});

describe("operations", () => {
  it("every operation of every contract is mounted, documented and named after its room", async () => {
    const { verbs } = await import("#lib/boot/verbs.ts");
    const mounted = new Set(verbs.map((one) => one.operation.id));
    const declared: string[] = [];
    for (const room of readdirSync(join(root, "lib"))) {
      if (!existsSync(join(root, "lib", room, "contract.ts"))) continue;
      const contract = (await import(`../../lib/${room}/contract.ts`)) as Record<string, unknown>;
      for (const value of Object.values(contract)) {
        if (typeof value !== "object" || value === null || !("method" in value) || !("grant" in value)) continue;
        const operation = value as unknown as { id: string; summary: string; path: string };
        declared.push(operation.id);
        expect(operation.summary, operation.id).toMatch(/^[A-Z].{10,}\.$/s);
      }
    }
    expect(declared.filter((id) => !mounted.has(id))).toEqual([]);
    expect(new Set(declared).size).toBe(declared.length);
  });
  it("every room says its invariants", () => {
    const rooms = readdirSync(join(root, "lib")).filter((room) => existsSync(join(root, "lib", room, "service.ts")));
    expect(
      rooms.filter(
        (room) =>
          !existsSync(join(root, "lib", room, "README.md")) ||
          !/\*\*[A-Z]{1,3}1\*\*/.test(readFileSync(join(root, "lib", room, "README.md"), "utf8")),
      ),
    ).toEqual([]);
  });
});
