// Running npm for somebody who is not trusted: no script of a package runs, nothing but the registry is asked, a home of its own, no secret in its
// environment, a limit on time and on what it writes. What it says is read for progress and, when it fails, for a sentence.
//
// npm is the machine's own, so that mirrors, proxies and certificates hold that were set up for it.
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { endTree, folderMb } from "#kernel/sandbox/usage.ts";
import { env, npmEnvironment } from "#lib/kit/env.ts";

/** An installation that cannot be, in words for the person who asked; `mayPass`: it may be well the next time. */
export class Unable extends Error {
  readonly mayPass: boolean;
  constructor(message: string, mayPass = false) {
    super(message);
    this.mayPass = mayPass;
  }
}

/** Stopped by whoever wanted it. */
export class Stopped extends Unable {
  constructor() {
    super("The installation was stopped. Nothing was changed.");
  }
}

const noGit = "/nonexistent/git";

/** What comes from anywhere but the registry. */
export const outside = (name = "Something it depends on"): Unable =>
  new Unable(`${name} lies outside the registry: in a git repository, at an address or in a folder. Such packages are not installed.`);

/** An npm that is older than the `allow` words takes no notice of them; then git is still missing, and the lock is refused for what it names. */
const walls = [
  "--ignore-scripts",
  "--no-audit",
  "--no-fund",
  "--no-update-notifier",
  "--no-progress",
  "--package-lock=true",
  "--install-links=false",
  "--omit=dev",
  "--omit-lockfile-registry-resolved=true",
  "--allow-git=none",
  "--allow-remote=none",
  "--allow-file=none",
  "--allow-directory=none",
  `--git=${noGit}`,
  "--workspaces=false",
  "--fetch-retries=1",
  "--fetch-retry-mintimeout=500",
  "--fetch-timeout=60000",
  "--loglevel=http",
];

const watchMs = 700;
const keptWords = 20_000;

/** The script of the machine's npm, or null where there is none. */
const npmScript = (): string | null => {
  for (const folder of env.searchPath.split(delimiter).filter(Boolean)) {
    const link = join(folder, "npm");
    if (!existsSync(link)) continue;
    const script = realpathSync(link);
    if (script.endsWith(".js")) return script;
    const beside = join(script, "../../lib/node_modules/npm/bin/npm-cli.js");
    if (existsSync(beside)) return beside;
  }
  return null;
};

/** Ends with the gateway even when that is killed, where the system can promise it. */
const leash = (): string[] => (existsSync("/usr/bin/setpriv") ? ["/usr/bin/setpriv", "--pdeathsig", "KILL"] : []);

const registryName = (): string => env.npmRegistry || "the npm registry";

/** What npm's own words mean to the person. */
const sentenceOf = (words: string): Unable => {
  const code = /npm error code (\w+)/.exec(words)?.[1] ?? "";
  const missing = /'((?:@[^@'\s]+\/)?[^@'\s]+)@[^']*' (?:could not be found|is not in this registry)/.exec(words)?.[1];
  const unmatched = /No matching version found for (\S+?)\.?(?:\n|$| )/.exec(words)?.[1];
  if (code === "E404") return new Unable(`There is no package ${missing ?? "of that name"} in ${registryName()}. Look at its spelling.`);
  if (code === "ETARGET")
    return new Unable(`There is no version ${unmatched ?? "in that range"} in ${registryName()}. Ask for another range.`);
  if (/^EALLOW/.test(code) || words.includes(noGit)) return outside(/Refusing to fetch "((?:@[^@"]+\/)?[^@"]+)@/.exec(words)?.[1]);
  if (code === "ERESOLVE") {
    const why = /npm error (Could not resolve.*|While resolving.*)/.exec(words)?.[1];
    return new Unable(
      `Its peers do not fit the packages that are here${why ? ` (${why})` : ""}. Ask for another version, or remove what it conflicts with.`,
    );
  }
  if (code === "EINTEGRITY") return new Unable("What the registry sent is not what the lock names. Remove the package and add it again.");
  if (code === "EBADPLATFORM") return new Unable("This package is for another operating system or processor.");
  if (code === "ENOSPC") return new Unable("The disk of the kernel service is full. Free some space and try again.", true);
  if (code === "E401" || code === "E403")
    return new Unable(
      `${registryName()} refused to hand it out (${code.slice(1)}). The installation's npm configuration needs the right to read it.`,
    );
  if (
    /^(ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ERR_SOCKET_TIMEOUT|EIDLETIMEOUT|ENETUNREACH|EHOSTUNREACH)$/.test(code) ||
    /network/i.test(code)
  )
    return new Unable(
      `The kernel service cannot reach ${registryName()} (${code}). Try again when the machine is online, or name a registry it reaches by ATELIER_NPM_REGISTRY.`,
      true,
    );
  if (/^E5\d\d$/.test(code)) return new Unable(`${registryName()} answered with an error (${code.slice(1)}). Try again later.`, true);
  const first = /npm error (?!code |A complete log)(.{1,200})/.exec(words)?.[1];
  return new Unable(`npm could not install this${first ? `: ${first}` : "."}`);
};

type Running = { signal: AbortSignal; heard: (line: string) => void };

/** Runs npm in a folder whose package.json is there; throws `Unable` in words when it fails, is stopped, takes too long or writes too much. */
export const runNpm = async (verb: string[], at: { folder: string; cache: string }, { signal, heard }: Running): Promise<void> => {
  const script = npmScript();
  if (!script) throw new Unable("npm is not installed on the machine of the kernel service. Install Node.js with npm there.");
  if (signal.aborted) throw new Stopped();
  const registry = env.npmRegistry ? [`--registry=${env.npmRegistry}`] : [];
  const words = [...leash(), process.execPath, script, ...verb, ...walls, ...registry, `--cache=${at.cache}`];
  const child = spawn(words[0]!, words.slice(1), {
    cwd: at.folder,
    env: { ...npmEnvironment(), HOME: at.folder, PATH: "/usr/bin:/bin", LANG: "C.UTF-8" } as unknown as NodeJS.ProcessEnv,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  let rest = "";
  let why: Unable | null = null;
  const take = (part: Buffer): void => {
    const text = part.toString("utf8");
    said = (said + text).slice(-keptWords);
    const lines = (rest + text).split("\n");
    rest = lines.pop()!.slice(-4000);
    for (const line of lines) heard(line);
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const end = (reason: Unable): void => {
    why ??= reason;
    if (child.pid && child.exitCode === null) endTree(child.pid);
  };
  const stop = (): void => end(new Stopped());
  signal.addEventListener("abort", stop, { once: true });
  const late = setTimeout(
    () =>
      end(
        new Unable(
          `The installation did not end within ${env.packagesSeconds} seconds and was stopped. Try again, or install fewer at once.`,
          true,
        ),
      ),
    env.packagesSeconds * 1000,
  );
  let isMeasuring = false;
  const watch = setInterval(async () => {
    if (isMeasuring) return;
    isMeasuring = true;
    const mb = (await folderMb(at.folder)) + (await folderMb(join(at.cache, "_cacache/tmp")));
    isMeasuring = false;
    if (mb > env.packagesMb) end(tooLarge());
  }, watchMs);
  const code = await new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(1));
    child.once("close", resolve);
  });
  clearTimeout(late);
  clearInterval(watch);
  signal.removeEventListener("abort", stop);
  if (why) throw why;
  if (code !== 0) throw sentenceOf(said);
};

/** What is larger than a notebook's packages may be. */
export const tooLarge = (): Unable =>
  new Unable(
    `The packages would take more than ${env.packagesMb} MB, which is the limit here. Choose a smaller package, or raise ATELIER_PACKAGES_MB.`,
  );
