// TensorFlow.js for cells whose author wants its API. Four builds of it are tried, fastest first; each is first loaded and used for one sum in a
// process of its own, because native builds abort where their libraries do not fit. None is installed with the product: they are optional
// peers, and no feature of the house needs them. The GPU build is not verified on hardware.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { session } from "#lib/sdk/door.ts";

export type TfjsBuild = "@tensorflow/tfjs-node-gpu" | "@tensorflow/tfjs-node" | "@tensorflow/tfjs-backend-wasm" | "@tensorflow/tfjs";
export type Tfjs = {
  /** TensorFlow.js itself, its backend chosen. */
  // biome-ignore lint/suspicious/noExplicitAny: its types come with the package, which may not be installed
  tf: any;
  build: TfjsBuild;
  /** As TensorFlow.js names it: tensorflow, wasm, cpu. */
  backend: string;
  /** The builds that were tried before and why they are not this one. */
  refused: { build: TfjsBuild; why: string }[];
};

type Build = { name: TfjsBuild; core: string; backend: string };
const builds: Build[] = [
  { name: "@tensorflow/tfjs-node-gpu", core: "@tensorflow/tfjs-node-gpu", backend: "tensorflow" },
  { name: "@tensorflow/tfjs-node", core: "@tensorflow/tfjs-node", backend: "tensorflow" },
  { name: "@tensorflow/tfjs-backend-wasm", core: "@tensorflow/tfjs", backend: "wasm" },
  { name: "@tensorflow/tfjs", core: "@tensorflow/tfjs", backend: "cpu" },
];
const patienceMs = 60_000;

/** Where a package is: in the session's own folder first, then with the product. */
const locate = (name: string): string | null => {
  for (const from of [join(session()?.workDir ?? process.cwd(), "x.js"), import.meta.filename])
    try {
      return pathToFileURL(createRequire(from).resolve(name)).href;
    } catch {}
  return null;
};

const trial = (core: string, extra: string | null, backend: string): string => `
  const tf = (await import(${JSON.stringify(core)})).default ?? (await import(${JSON.stringify(core)}));
  ${extra ? `await import(${JSON.stringify(extra)});` : ""}
  await tf.setBackend(${JSON.stringify(backend)});
  await tf.ready();
  if (tf.tensor([1, 2]).sum().dataSync()[0] !== 3) throw new Error("it added 1 and 2 wrongly");
  process.exit(0);`;

/** Null when the build adds 1 and 2 in a process of its own, else why not. */
const tryApart = (core: string, extra: string | null, backend: string): Promise<string | null> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", trial(core, extra, backend)], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let words = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
    child.stderr.on("data", (part: Buffer) => (words = (words + part.toString()).slice(-4000)));
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) return resolve(null);
      const line = words.split("\n").find((one) => /Error|error/.test(one)) ?? words.trim().split("\n").at(-1) ?? "";
      resolve(`It does not load here (${signal ?? `code ${code}`}): ${line.trim().slice(0, 300)}`);
    });
  });

const open = async (build: Build): Promise<{ tf: Tfjs["tf"] } | { why: string }> => {
  const core = locate(build.core);
  const own = build.name === build.core ? core : locate(build.name);
  if (!core || !own) return { why: `${core ? build.name : build.core} is not installed.` };
  if (build.backend === "tensorflow" && Number.parseInt(process.versions.node, 10) > 22)
    return { why: "Its native part needs Node 22 or older." };
  const extra = own === core ? null : own;
  const why = await tryApart(core, extra, build.backend);
  if (why) return { why };
  const loaded = (await import(core)) as { default?: Tfjs["tf"] };
  const tf = loaded.default ?? loaded;
  if (extra) await import(extra);
  await tf.setBackend(build.backend);
  await tf.ready();
  return { tf };
};

let opened: Promise<Tfjs> | null = null;

const openFirst = async (): Promise<Tfjs> => {
  const refused: Tfjs["refused"] = [];
  for (const build of builds) {
    const found = await open(build);
    if ("tf" in found) return { tf: found.tf, build: build.name, backend: build.backend, refused };
    refused.push({ build: build.name, why: found.why });
  }
  const reasons = refused.map((one) => `${one.build}: ${one.why}`).join("\n");
  throw new Error(
    `No build of TensorFlow.js loads here.\n${reasons}\nInstall one beside the product: npm install --no-save @tensorflow/tfjs @tensorflow/tfjs-backend-wasm`,
  );
};

/** The first build that works, once a session. */
export const openTfjs = (): Promise<Tfjs> => {
  opened ??= openFirst();
  opened.catch(() => (opened = null));
  return opened;
};
