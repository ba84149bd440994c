// The sources without their types, so that a session is up sooner: stripping types costs every process that starts 50 to 150 ms, and a kernel
// is two processes one after the other. The plain tree mirrors kernel/ and lib/ under node_modules/.cache, named after a digest of the
// sources' names, sizes and times, and it is made once, by the gateway when it starts or by `atelier kernel install`. Where it cannot be made, or
// the sources have changed since, everything runs from the sources as they are: the tree makes things fast, never different.
//
// This file is JavaScript because it is read before anything may be stripped.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const sources = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const inTree = sources.indexOf("/node_modules/.cache/atelier/");

/** The folder that holds the product: its sources and node_modules. */
export const root = inTree < 0 ? sources : sources.slice(0, inTree);

const folders = ["kernel", "lib"];
const cache = join(root, "node_modules", ".cache", "atelier");
const keptTrees = 3;

const filesOf = (folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".md"))
    .map((entry) => join(entry.parentPath, entry.name));

const treeNow = () => {
  const hash = createHash("sha256").update(process.version);
  for (const path of folders.flatMap(filesOf).sort()) {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return join(cache, hash.digest("hex").slice(0, 16));
};

let known;

/** The plain tree of the sources as they are now, or null when it has not been made; looked up once a process. */
export const plainTree = () => {
  if (inTree >= 0) return sources;
  if (known === undefined) {
    const tree = treeNow();
    known = existsSync(join(tree, "package.json")) ? tree : null;
  }
  return known;
};

/** Where a module lies, such as kernel/session/main: in the plain tree when there is one, else among the sources. */
export const entryOf = (module) => {
  const tree = plainTree();
  return tree ? join(tree, `${module}.js`) : join(root, `${module}.ts`);
};

const write = (path, tree) => {
  const target = join(tree, path.slice(root.length));
  mkdirSync(dirname(target), { recursive: true });
  if (!path.endsWith(".ts") || path.endsWith(".d.ts")) return copyFileSync(path, target);
  const plain = stripTypeScriptTypes(readFileSync(path, "utf8"), { mode: "strip" });
  // Imports by `#lib/….ts` are led here by the tree's own package.json; paths in strings are led by their ending.
  writeFileSync(target.replace(/\.ts$/, ".js"), plain.replaceAll(/(["'`])(\.{1,2}\/[^"'`\s]*)\.ts\1/g, "$1$2.js$1"));
};

const imports = {
  "#db": "./lib/db/db.js",
  "#lib/*.ts": "./lib/*.js",
  "#kernel/*.ts": "./kernel/*.js",
  "#kernel/*.js": "./kernel/*.js",
};

const forgetOld = (tree) => {
  const trees = readdirSync(cache).map((name) => join(cache, name));
  const byAge = trees.filter((one) => one !== tree).sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const old of byAge.slice(keptTrees - 1)) rmSync(old, { recursive: true, force: true });
};

/** Makes the plain tree unless it is there; half a second. Answers whether there is one now. */
export const makePlainTree = () => {
  if (plainTree()) return true;
  const tree = treeNow();
  const making = `${tree}.${process.pid}`;
  const { emitWarning } = process;
  process.emitWarning = () => {}; // that stripping is experimental; the runtime is pinned
  try {
    for (const path of folders.flatMap(filesOf)) write(path, making);
    writeFileSync(join(making, "package.json"), JSON.stringify({ type: "module", imports }));
    renameSync(making, tree);
    forgetOld(tree);
  } catch {
    // a read-only installation, or another process was first
    try {
      rmSync(making, { recursive: true, force: true });
    } catch {}
  } finally {
    process.emitWarning = emitWarning;
  }
  known = undefined;
  return plainTree() !== null;
};
