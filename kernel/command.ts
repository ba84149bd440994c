#!/usr/bin/env node
// `npx atelier kernel install [--user | --prefix <folder> | --sys-prefix]`: writes the kernelspec by which any Jupyter finds this kernel;
// `npx atelier kernel uninstall` takes it away.
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { displayName, kernelSpec, protocolVersion } from "#kernel/jupyter/info.ts";
import { makePlainTree } from "#kernel/plain.js";
import { env } from "#lib/kit/env.ts";

const folderName = "atelier-typescript";
const usage = `Usage:
  atelier kernel install [--user | --prefix <folder>]     writes a kernelspec for Jupyter (--user is the default)
  atelier kernel uninstall [--user | --prefix <folder>]   removes it
`;

/** Jupyter's own folder for a person's data on this system. */
const userData = (): string => {
  if (env.jupyterDataDir) return env.jupyterDataDir;
  if (process.platform === "darwin") return join(homedir(), "Library", "Jupyter");
  if (process.platform === "win32") return join(env.appData || homedir(), "jupyter");
  return join(env.xdgDataHome || join(homedir(), ".local", "share"), "jupyter");
};

const targetOf = (flags: string[]): string | null => {
  const [flag, value] = flags;
  if (flag === undefined || (flag === "--user" && flags.length === 1)) return join(userData(), "kernels", folderName);
  if (flag === "--prefix" && value && flags.length === 2) return join(resolve(value), "share", "jupyter", "kernels", folderName);
  const equal = /^--prefix=(.+)$/.exec(flag);
  return equal && flags.length === 1 ? join(resolve(equal[1]!), "share", "jupyter", "kernels", folderName) : null;
};

const install = (target: string): void => {
  mkdirSync(target, { recursive: true });
  const entry = fileURLToPath(new URL("./jupyter/zmq/launch.js", import.meta.url));
  makePlainTree();
  const spec = {
    ...kernelSpec.spec,
    argv: [process.execPath, "--disable-warning=ExperimentalWarning", entry, "{connection_file}"],
    display_name: displayName,
    kernel_protocol_version: protocolVersion,
  };
  writeFileSync(join(target, "kernel.json"), `${JSON.stringify(spec, null, 2)}\n`);
  for (const name of ["logo-32x32.png", "logo-64x64.png", "logo-svg.svg"])
    copyFileSync(new URL(`./jupyter/logo/${name}`, import.meta.url), join(target, name));
};

const [noun, verb, ...flags] = process.argv.slice(2);
const target = targetOf(flags);
if (noun !== "kernel" || !["install", "uninstall"].includes(verb ?? "") || target === null) {
  process.stderr.write(usage);
  process.exit(2);
}
if (verb === "install") {
  install(target);
  process.stdout.write(`Installed ${displayName} in ${target}\nJupyter lists it with: jupyter kernelspec list\n`);
} else {
  rmSync(target, { recursive: true, force: true });
  process.stdout.write(`Removed ${target}\n`);
}
