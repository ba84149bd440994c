// The pages are built once a source tree: `next build` when there is no build, or when the sources it was made from have changed.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { childEnvironment } from "#lib/kit/env.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const mark = join(root, ".next", "atelier-sources");

const filesOf = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((name) => statSync(join(root, name)).isFile())
    .sort();

/** A digest of everything the pages are made of. */
const sourcesDigest = (): string => {
  const hash = createHash("sha256");
  for (const name of [
    ...filesOf("app"),
    ...filesOf("components"),
    ...filesOf("lib"),
    ...filesOf("drizzle/tables"),
    "next.config.js",
    "package-lock.json",
  ]) {
    if (existsSync(join(root, name))) hash.update(name).update(readFileSync(join(root, name)));
  }
  return hash.digest("hex");
};

/** Whether a build of exactly these sources lies there. */
export const arePagesBuilt = (): boolean =>
  existsSync(join(root, ".next", "BUILD_ID")) && existsSync(mark) && readFileSync(mark, "utf8") === sourcesDigest();

/** Builds the pages, telling every few seconds how it goes; throws with the compiler's words when it fails. */
export const buildPages = (say: (sentence: string) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const digest = sourcesDigest();
    const startedAt = Date.now();
    say("Building the pages, about a minute the first time.");
    const child = spawn(process.execPath, [join(root, "node_modules/next/dist/bin/next"), "build"], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: childEnvironment({ NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" }),
    });
    let text = "";
    let step = "Reading the sources";
    const hear = (part: Buffer) => {
      text += String(part);
      const line = String(part)
        .split("\n")
        .map((one) => one.replace(/[^\x20-\x7e]/g, "").trim())
        .filter((one) => /^(Creating|Compiled|Running|Finished|Collecting|Generating|Finalizing)/.test(one))
        .at(-1);
      if (line) step = line;
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    const tick = setInterval(() => say(`Building the pages, ${Math.round((Date.now() - startedAt) / 1000)} s: ${step}`), 5000);
    child.once("exit", (code) => {
      clearInterval(tick);
      if (code !== 0) return reject(new Error(`The pages could not be built:\n${text.slice(-4000)}`));
      writeFileSync(mark, digest);
      say(`The pages are built, ${Math.round((Date.now() - startedAt) / 1000)} s.`);
      resolve();
    });
  });
