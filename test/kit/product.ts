// The whole product as a person starts it: the supervisor with its own home and port, in a process group of its own so that a test can
// end all of it, or kill any one process and watch it come back.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { freePort } from "#test/kit/ports.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export const admin = { email: "ada@example.test", password: "a-long-password", token: "atl_token-of-the-tests" };

export type Product = {
  url: string;
  token: string;
  home: string;
  port: number;
  /** Everything the supervisor and its children printed. */
  said: () => string;
  supervisor: ChildProcess;
  /** Process ids of the tree, by what they run: supervisor, web, worker, kernel, serving, postgres, session. */
  pids: () => Record<string, number[]>;
  stop: (more?: { keepHome?: boolean }) => Promise<void>;
};

/** Polls until a question has an answer; fails with the last one and what it was about. */
export const eventually = async <T>(
  what: string,
  ask: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  limitMs = 90_000,
): Promise<T> => {
  const end = Date.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end)
      throw new Error(`${what}: not within ${limitMs / 1000} s; last ${last instanceof Error ? last.message : JSON.stringify(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

type Row = { pid: number; parent: number; words: string };

const processes = (): Row[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        if (fields[0] === "Z") return [];
        return [
          {
            pid: Number(name),
            parent: Number(fields[1]),
            words: readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim(),
          },
        ];
      } catch {
        return [];
      }
    });

const kindOf = (words: string): string => {
  if (/kernel\/session\/main\.[jt]s/.test(words)) return "session";
  if (/kernel\/language\/main\.ts/.test(words)) return "language";
  if (/lib\/boot\/main\.ts/.test(words)) return "supervisor";
  if (/kernel\/serving\/main\.ts/.test(words)) return "serving";
  if (/kernel\/main\.ts/.test(words)) return "kernel";
  return /lib\/boot\/(web|worker)\.ts/.exec(words)?.[1] ?? (/postgres/.test(words) ? "postgres" : "other");
};

/** The living descendants of a process, itself included, by kind. */
export const treeOf = (top: number): Record<string, number[]> => {
  const all = processes();
  const tree = new Set([top]);
  for (let size = 0; size !== tree.size; ) {
    size = tree.size;
    for (const one of all) if (tree.has(one.parent)) tree.add(one.pid);
  }
  const kinds: Record<string, number[]> = {};
  for (const one of all) {
    if (!tree.has(one.pid)) continue;
    const kind = kindOf(one.words);
    kinds[kind] = [...(kinds[kind] ?? []), one.pid];
  }
  return kinds;
};

export const isHealthy = (url: string): Promise<boolean> =>
  fetch(`${url}/api/health`, { signal: AbortSignal.timeout(5000) }).then(
    (answer) => answer.ok,
    () => false,
  );

type Wish = { home?: string; port?: number; environment?: Record<string, string>; command?: string[]; waits?: boolean };

/** Starts the product and waits for its health. The seed stays away unless `ATELIER_SEED` is given. */
export const startProduct = async (wish: Wish = {}): Promise<Product> => {
  const home = wish.home ?? mkdtempSync(join(tmpdir(), "atelier-product-"));
  const port = wish.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const { ATELIER_TEST_DATABASE: _, DATABASE_URL: __, ...inherited } = process.env;
  const [command = process.execPath, ...args] = wish.command ?? [process.execPath, "lib/boot/main.ts"];
  const supervisor = spawn(command, args, {
    cwd: root,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...inherited,
      NODE_ENV: "production",
      ATELIER_HOME: home,
      PORT: String(port),
      ATELIER_SEED: "0",
      ATELIER_ADMIN_EMAIL: admin.email,
      ATELIER_ADMIN_PASSWORD: admin.password,
      ATELIER_ADMIN_TOKEN: admin.token,
      ...wish.environment,
    },
  });
  let text = "";
  supervisor.stdout!.on("data", (part: Buffer) => (text += String(part)));
  supervisor.stderr!.on("data", (part: Buffer) => (text += String(part)));
  const hasEnded = (): boolean => supervisor.exitCode !== null || supervisor.signalCode !== null;
  const product: Product = {
    url,
    token: admin.token,
    home,
    port,
    said: () => text,
    supervisor,
    pids: () => treeOf(supervisor.pid!),
    stop: async ({ keepHome = false } = {}) => {
      const tree = Object.values(treeOf(supervisor.pid!)).flat();
      if (!hasEnded()) {
        const gone = new Promise((resolve) => supervisor.once("exit", resolve));
        process.kill(supervisor.pid!, "SIGTERM");
        const force = setTimeout(() => process.kill(-supervisor.pid!, "SIGKILL"), 15_000);
        await gone;
        clearTimeout(force);
      }
      await eventually("all processes end", () => !tree.some((pid) => processes().some((one) => one.pid === pid)), 15_000);
      if (!keepHome) rmSync(home, { recursive: true, force: true });
    },
  };
  if (wish.waits !== false)
    await eventually(
      "health",
      () => {
        if (hasEnded()) throw new Error(`it ended: ${text.slice(-3000)}`);
        return isHealthy(url);
      },
      180_000,
    ).catch(async (error: Error) => {
      await product.stop().catch(() => {});
      throw new Error(`${error.message}\n${text.slice(-3000)}`);
    });
  return product;
};

/** Signs a page in by the form, as a person does. */
export const signIn = async (page: Page, { url }: { url: string }, who: { email: string; password: string } = admin): Promise<void> => {
  await page.goto(`${url}/sign-in`);
  await page.getByLabel("E-mail").fill(who.email);
  await page.getByLabel("Password").fill(who.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((at) => !at.pathname.startsWith("/sign-in"));
};
