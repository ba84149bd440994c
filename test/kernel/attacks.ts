// What hostile code tries, one attack a name, each in a harmless form: it reads a word the test planted, opens and closes a connection, or uses a
// bounded amount. Every attack ends in one word: "reached" or "kept out". The same list runs with walls and without, so that a test that passes
// for another reason than the walls is found out.
import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openClient, startGateway } from "#test/kit/kernel.ts";
import { eventually } from "#test/kit/product.ts";

type Client = Awaited<ReturnType<typeof openClient>>;

/** What the attacks aim at, planted by the test. */
export type Ground = {
  gateway: Awaited<ReturnType<typeof startGateway>>;
  victim: Client;
  word: string;
  outside: string;
  databasePort: number;
  close: () => Promise<void>;
};

/** A gateway with a secret in its home and a session that keeps one; attackers start beside them. */
export const openGround = async (): Promise<Ground> => {
  const word = `word-${randomUUID()}`;
  const outside = mkdtempSync(join(tmpdir(), "atelier-outside-"));
  const gateway = await startGateway();
  writeFileSync(join(process.env.ATELIER_HOME!, "internal-secret"), word);
  const victim = await openClient(gateway);
  await victim.run(`(await import('node:fs')).writeFileSync('mine.txt', ${JSON.stringify(word)}); var mine = 'untouched'`);
  return {
    gateway,
    victim,
    word,
    outside,
    databasePort: Number(new URL(process.env.ATELIER_TEST_DATABASE!).port),
    close: async () => {
      await gateway.stop();
      rmSync(outside, { recursive: true, force: true });
    },
  };
};

export type Attack = { name: string; limits?: Record<string, number>; try: (ground: Ground, attacker: Client) => Promise<string> };

const fs = "const fs = await import('node:fs'); const tryTo = (f) => { try { return f() } catch { return undefined } };";
const says = async (attacker: Client, code: string): Promise<string> => {
  const { text, reply } = await attacker.run(`await (async () => { ${fs} ${code} })()`);
  return text?.replaceAll("'", "") ?? `${reply.ename}: ${reply.evalue}`;
};
const verdict = (expression: string): string => `return (${expression}) ? 'reached' : 'kept out'`;
const numbers = "fs.readdirSync('/proc').filter((n) => /^\\d+$/.test(n))";

/** Processes of this machine whose command line holds a word. */
const carrying = (word: string): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(word) &&
          !/^[^(]*\([^)]*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"))
        );
      } catch {
        return false;
      }
    })
    .map(Number);

const connect = (options: string): string =>
  `const net = await import('node:net'); const heard = await new Promise((r) => { const s = net.connect(${options}, () => { s.destroy(); r(true) }); s.on('error', () => r(false)) });`;

export const attacks: Attack[] = [
  {
    name: "reads the database's address from the server's environment",
    try: (_ground, one) =>
      says(
        one,
        verdict(
          `${numbers}.some((n) => tryTo(() => fs.readFileSync('/proc/' + n + '/environ', 'utf8'))?.includes('ATELIER_TEST_DATABASE='))`,
        ),
      ),
  },
  {
    name: "reads command lines of the server's processes through /proc",
    try: (_ground, one) =>
      says(
        one,
        verdict(`${numbers}.some((n) => /vitest|postgres/.test(tryTo(() => fs.readFileSync('/proc/' + n + '/cmdline', 'utf8')) ?? ''))`),
      ),
  },
  {
    name: "reads the memory map of the server",
    try: (_ground, one) => says(one, verdict(`(tryTo(() => fs.readFileSync('/proc/${process.pid}/maps', 'utf8')) ?? '').length > 0`)),
  },
  {
    name: "reads the secret in the server's home",
    try: ({ word }, one) =>
      says(
        one,
        verdict(
          `tryTo(() => fs.readFileSync(${JSON.stringify(join(process.env.ATELIER_HOME!, "internal-secret"))}, 'utf8')) === '${word}'`,
        ),
      ),
  },
  {
    name: "writes a file outside its folder",
    try: ({ outside }, one) =>
      says(one, verdict(`tryTo(() => { fs.writeFileSync(${JSON.stringify(join(outside, "x"))}, 'x'); return true })`)),
  },
  {
    name: "connects to the database's port",
    try: ({ databasePort }, one) => says(one, `${connect(`${databasePort}, '127.0.0.1'`)} ${verdict("heard")}`),
  },
  {
    name: "connects to the gateway's port",
    try: ({ gateway }, one) => says(one, `${connect(`${new URL(gateway.url).port}, '127.0.0.1'`)} ${verdict("heard")}`),
  },
  {
    name: "reads another session's file",
    try: ({ word, victim }, one) => {
      const id = JSON.stringify(victim.id);
      const roots = `[${JSON.stringify(join(process.env.ATELIER_HOME!, "sessions"))}, ...(tryTo(() => fs.readdirSync('/var/tmp')) ?? []).map((n) => '/var/tmp/' + n)]`;
      return says(
        one,
        verdict(`${roots}.some((root) => tryTo(() => fs.readFileSync(root + '/' + ${id} + '/mine.txt', 'utf8')) === '${word}')`),
      );
    },
  },
  {
    name: "knocks at another session's door",
    try: (_ground, one) =>
      says(
        one,
        `const own = globalThis[Symbol.for('atelier.session')].doorPath;
         const doors = ['/tmp', '/var/tmp'].flatMap((at) => (tryTo(() => fs.readdirSync(at)) ?? []).filter((n) => n.startsWith('atl-')).map((n) => at + '/' + n + '/door')).filter((p) => p !== own);
         let heard = false;
         for (const door of doors) { const net = await import('node:net'); heard ||= await new Promise((r) => { const s = net.connect(door, () => { s.destroy(); r(true) }); s.on('error', () => r(false)) }) }
         ${verdict("heard")}`,
      ),
  },
  {
    name: "finds the gateway's process to signal it",
    try: (_ground, one) =>
      says(
        one,
        verdict(`tryTo(() => process.kill(${process.pid}, 0)) && fs.readFileSync('/proc/${process.pid}/cmdline', 'utf8').length > 0`),
      ),
  },
  {
    name: "leaves a process behind when its session ends",
    try: async (_ground, one) => {
      const mark = `atelier-${randomUUID()}`;
      await says(
        one,
        `(await import('node:child_process')).execFileSync('/bin/sh', ['-c', 'setsid /bin/sh -c "sleep 200; : ${mark}" > /dev/null 2>&1 & exit 0']); return 1`,
      );
      await eventually("it has started", () => carrying(mark).length > 0);
      await one.request("", "DELETE");
      await eventually("the session is gone", async () => (await one.request("", "GET")).status === 404);
      const isKept = await eventually("nothing is left behind", () => carrying(mark).length === 0, 30_000).catch(() => false);
      for (const pid of carrying(mark)) process.kill(pid, "SIGKILL");
      return isKept ? "kept out" : "reached";
    },
  },
  {
    name: "starts more processes than it may, a bounded fork bomb",
    limits: { processes: 60 },
    try: async (_ground, one) => {
      const mark = `atelier-${randomUUID()}`;
      const bomb = `i=0; while [ $i -lt 120 ]; do sleep 3 & i=$((i+1)); done; : ${mark}; wait`;
      const made = await says(
        one,
        `const { spawnSync } = await import('node:child_process'); const { stderr } = spawnSync('/bin/sh', ['-c', ${JSON.stringify(bomb)}], { encoding: 'utf8', timeout: 3000 }); return /fork|Resource|temporarily/i.test(stderr) ? 'kept out' : 'reached'`,
      );
      return /started more than 60 processes/.test(made) ? "reached" : made; // only the watch outside ended it, after it had passed the limit
    },
  },
  {
    name: "fills the machine's disk, up to 300 MB",
    try: (_ground, one) =>
      says(
        one,
        `const made = []; let whole = true; const part = Buffer.alloc(10_000_000, 1);
         try { for (let i = 0; i < 30 && whole; i++) { const path = '/tmp/${randomUUID()}-' + i; made.push(path); whole = tryTo(() => { fs.writeFileSync(path, part); return true }) ?? false } }
         finally { for (const path of made) tryTo(() => fs.rmSync(path, { force: true })) }
         ${verdict("whole")}`,
      ),
  },
  {
    name: "is somebody on this machine rather than nobody",
    try: (_ground, one) => says(one, verdict("process.getuid() !== 65534")),
  },
];

/** Runs one attack from a fresh session beside the victim. */
export const attack = async (ground: Ground, one: Attack): Promise<string> => {
  const attacker = await openClient(ground.gateway, one.limits ? { limits: one.limits } : {});
  try {
    return await one.try(ground, attacker);
  } finally {
    await attacker.request("", "DELETE").catch(() => {});
  }
};
