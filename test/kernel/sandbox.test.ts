// Attacks from a cell, one by one. Each would succeed without the sandbox, so the file is skipped, with its word, where bubblewrap is absent.
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openClient, startGateway } from "#test/kit/kernel.ts";

const hasBubblewrap = (() => {
  try {
    execFileSync("bwrap", ["--version"]);
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!hasBubblewrap)("the sandbox (bubblewrap installed)", () => {
  let gateway: Awaited<ReturnType<typeof startGateway>>;
  let kernel: Awaited<ReturnType<typeof openClient>>;
  beforeAll(async () => {
    process.env.ATELIER_CANARY = "a secret of the server";
    gateway = await startGateway();
    kernel = await openClient(gateway);
  });
  afterAll(() => gateway.stop());
  const textOf = async (code: string) => (await kernel.run(code)).text;

  it("is on, and says so", () => expect(kernel.model.atelier.sandboxed).toBe(true));
  it("hides the server's environment, its own and its parent's", async () => {
    expect(await textOf("JSON.stringify(process.env).includes('canary') || JSON.stringify(process.env).includes('secret of')")).toBe(
      "false",
    );
    expect(
      await textOf(
        "const { readFileSync: r, readdirSync: ls } = await import('node:fs'); ls('/proc').filter((n) => /^\\d+$/.test(n)).map((n) => { try { return r(`/proc/${n}/environ`, 'utf8') } catch { return '' } }).join('').includes('secret of')",
      ),
    ).toBe("false");
  });
  it("hides the home folder, the account files and the other sessions", async () => {
    expect(await textOf(`const fs1 = await import('node:fs'); fs1.existsSync(${JSON.stringify(process.env.ATELIER_HOME)})`)).toBe("false");
    expect(await textOf("fs1.existsSync('/etc/shadow') || fs1.existsSync('/root/.ssh') || fs1.existsSync('/home')")).toBe("false");
  });
  it("has no network: neither this machine's ports nor any other address", async () => {
    const port = new URL(gateway.url).port;
    const attempt = (host: string) =>
      textOf(
        `const net = await import('node:net'); await new Promise((r) => { const s = net.connect({ host: '${host}', port: ${port} }, () => r('open')); s.on('error', (e) => r(e.code)) })`,
      );
    expect(await attempt("127.0.0.1")).not.toBe("'open'");
    expect(
      await textOf(
        "fetch('http://127.0.0.1:5432').then(() => 'open', () => 'closed').then((x) => globalThis.answer = x); await new Promise((r) => setTimeout(r, 200)); answer",
      ),
    ).toBe("'closed'");
  });
  it("cannot write the product's code or anything outside its work folder", async () => {
    expect(
      await textOf(
        `const fs2 = await import('node:fs'); (() => { try { fs2.writeFileSync('${process.cwd()}/lib/kit/ids.ts', ''); return 'written' } catch (e) { return e.code } })()`,
      ),
    ).toMatch(/EROFS|EACCES|ENOENT/);
    expect(await textOf("(() => { try { fs2.writeFileSync('/usr/bin/x', ''); return 'written' } catch (e) { return e.code } })()")).toMatch(
      /EROFS|EACCES/,
    );
    expect(await textOf("fs2.writeFileSync('mine.txt', 'ok'); fs2.readFileSync('mine.txt', 'utf8')")).toBe("'ok'");
  });
  it("sees only its own processes and cannot signal the gateway", async () => {
    expect(Number(await textOf("(await import('node:fs')).readdirSync('/proc').filter((n) => /^\\d+$/.test(n)).length"))).toBeLessThan(6);
    expect(await textOf(`(() => { try { process.kill(${process.pid + 100_000}, 0); return 'seen' } catch (e) { return e.code } })()`)).toBe(
      "'ESRCH'",
    );
  });
  it("a fork bomb stays inside: it runs out of processes, and the machine and the other sessions do not", async () => {
    const other = await openClient(gateway);
    await other.run("var mine = 'untouched'");
    const mine = await openClient(gateway, { limits: { processes: 80 } });
    const bomb =
      "const { spawnSync } = await import('node:child_process'); const made = spawnSync('/bin/sh', ['-c', 'i=0; while [ $i -lt 300 ]; do sleep 20 & i=$((i+1)); done; wait'], { encoding: 'utf8', timeout: 4000 }); made.stderr";
    const { text, reply } = await mine.run(bomb);
    expect(`${text} ${reply.evalue}`).toMatch(/fork|started more than 80 processes/i);
    await mine.request("", "DELETE");
    expect((await other.run("mine")).text).toBe("'untouched'");
    await other.request("", "DELETE");
  });
  it("its scratch folders are bounded, and nothing else is writable", async () => {
    const fill = (path: string) =>
      textOf(
        `const fs3 = await import('node:fs'); (() => { try { for (let i = 0; i < 40; i++) fs3.writeFileSync('${path}/f' + i, Buffer.alloc(10_000_000, 1)); return 'filled' } catch (e) { return e.code } finally { for (let i = 0; i < 40; i++) fs3.rmSync('${path}/f' + i, { force: true }) } })()`,
      );
    expect(await fill("/tmp")).toBe("'ENOSPC'");
    expect(await fill("/dev/shm")).toBe("'ENOSPC'");
    for (const path of ["/", "/dev", "/run", "/run/session"]) expect(await fill(path)).toMatch(/EROFS|EACCES/);
  });
  it("reads no memory of the gateway, and no processor, kernel or disk settings can be changed", async () => {
    expect(
      await textOf(
        "const fs4 = await import('node:fs'); ['/proc/1/mem', '/proc/kcore', '/proc/sysrq-trigger', '/proc/sys/kernel/core_pattern', '/proc/1/root/root'].map((p) => { try { fs4.writeFileSync(p, 'x'); return 'written' } catch (e) { return 'no' } }).join()",
      ),
    ).toBe("'no,no,no,no,no'");
  });
  it("does not see another session's folder or door, nor its process", async () => {
    const other = await openClient(gateway);
    await other.run("(await import('node:fs')).writeFileSync('secret.txt', 'of the other'); await import('node:child_process')");
    expect(await textOf("(await import('node:fs')).existsSync('secret.txt')")).toBe("false");
    expect(await textOf(`(await import('node:fs')).existsSync(${JSON.stringify(`${process.env.ATELIER_HOME}/sessions`)})`)).toBe("false");
    expect(
      await textOf(
        "(await import('node:child_process')).execFileSync('/bin/sh', ['-c', 'ls /tmp /run/session'], { encoding: 'utf8' }).includes('atl-')",
      ),
    ).toBe("false");
    await other.request("", "DELETE");
  });
  it("can load DuckDB and onnxruntime inside", async () => {
    expect(
      await textOf(
        "const duck = await import('@duckdb/node-api'); const db = await (await duck.DuckDBInstance.create(':memory:')).connect(); (await db.runAndReadAll('select 41 + 1')).getRowsJson()[0][0]",
      ),
    ).toBe("42");
    expect(await textOf("const ort = await import('onnxruntime-node'); typeof ort.default.InferenceSession.create")).toBe("'function'");
  });
  it("answers only the product's paths through its door, and only with the session's own token", async () => {
    const ask = (path: string) =>
      textOf(
        `const http = await import('node:http'); await new Promise((r) => http.get({ socketPath: globalThis[Symbol.for('atelier.session')].doorPath, path: '${path}', headers: { authorization: 'Bearer mine' } }, (a) => r(a.statusCode)).on('error', (e) => r(e.code)))`,
      );
    expect(await ask("/api/internal/x")).toBe("403");
    expect(await ask("/api/v1/../../etc")).toBe("403");
    expect(await ask("/api/v1/workspaces")).toBe("503");
  });
});
