// What a cell imports as "atelier" is documented by example: each function has one, and those that need no product are run, so that the
// value an example claims behind `// →` is the value it has.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as atelier from "#lib/sdk/index.ts";

const lib = fileURLToPath(new URL("../../lib", import.meta.url));
const sources = ["sdk", "learn"].flatMap((folder) =>
  readdirSync(join(lib, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => ({ folder, name, text: readFileSync(join(lib, folder, name), "utf8") })),
);

/** Names under which a function is exported, where that differs from the name it is written with. */
const writtenAs: Record<string, string> = { "learn.profile": "profileTable", "chart.chart": "any" };

const functions = Object.entries(atelier).flatMap(([noun, value]) =>
  typeof value === "function"
    ? [`${noun}.${noun}`, ...Object.keys(value).map((name) => `${noun}.${name}`)]
    : Object.entries(value).flatMap(([name, member]) => (typeof member === "function" ? [`${noun}.${name}`] : [])),
);

const exampleOf = (path: string): string | null => {
  const [noun = "", name = ""] = path.split(".");
  const pattern = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\n(?:export )?const ${writtenAs[path] ?? name}\\b`);
  const homes = [
    ...sources.filter(
      (one) =>
        (one.folder === "sdk" && one.name === `${noun}.ts`) || (noun === "learn" && ["estimators.ts", "networks.ts"].includes(one.name)),
    ),
    ...(noun === "learn" ? sources.filter((one) => one.folder === "learn") : []),
  ];
  for (const { text } of homes) {
    const example = pattern.exec(text)?.[1]?.split("@example")[1];
    if (example !== undefined) return example.replaceAll(/^\s*\* ?/gm, "").trim();
  }
  return null;
};

const claims = functions.flatMap((path) => {
  const [, expression, value] = /^(.*?);? \/\/ → (.*)$/m.exec(exampleOf(path) ?? "") ?? [];
  return expression && value ? [{ path, expression, value }] : [];
});

describe("what a cell imports", () => {
  it("has an example for every function", () => {
    expect(functions.length).toBeGreaterThan(30);
    expect(functions.filter((path) => !exampleOf(path))).toEqual([]);
  });
  it.each(claims)("the example of $path is worth what it says", ({ expression, value }) => {
    const worth = new Function("learn", "chart", "llm", `return (${expression});`)(atelier.learn, atelier.chart, atelier.llm) as unknown;
    expect(worth).toEqual(JSON.parse(value));
  });
});
