// Starting and ending the product as people do: first start, second start, signals, and every process killed in turn.
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call } from "#lib/kit/call.ts";
import { createNotebook } from "#lib/notebooks/contract.ts";
import { readOutputs } from "#lib/sessions/contract.ts";
import { claimInstallation, listWorkspaces } from "#lib/workspace/contract.ts";
import { freePort } from "#test/kit/ports.ts";
import { eventually, isHealthy, type Product, startProduct, treeOf } from "#test/kit/product.ts";
import { refusal } from "#test/kit/refusals.ts";
import { asking, runAll, workspace } from "#test/kit/story.ts";

const ended = (product: Product): Promise<number | null> =>
  product.supervisor.exitCode !== null || product.supervisor.signalCode !== null
    ? Promise.resolve(product.supervisor.exitCode)
    : new Promise((resolve) => product.supervisor.once("exit", (code) => resolve(code)));

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

/** Local addresses that a process listens on, as /proc tells them in hex; 0100007F is 127.0.0.1. */
const listensOf = (pid: number): string[] => {
  const inodes = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      if (inode) inodes.add(inode);
    } catch {} // closed meanwhile
  }
  return ["tcp", "tcp6"].flatMap((family) =>
    readFileSync(`/proc/${pid}/net/${family}`, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === "0A" && inodes.has(fields[9]!))
      .map((fields) => fields[1]!.split(":")[0]!),
  );
};

/** A cell that never ends and never waits: the hardest session to be rid of. Answers the processes
 * of all sessions: it runs in one of them, and the one kept ready must end too. */
const startsEndlessCell = async (product: Product): Promise<number[]> => {
  const source = 'console.log("for ever");\n(() => { for (;;); })();';
  const { id } = await asking(product)(createNotebook, { workspace, title: "Endless", cells: [{ cellType: "code", source }] });
  await runAll(product, id);
  await eventually("the endless cell speaks", async () =>
    JSON.stringify((await asking(product)(readOutputs, { workspace, notebook: id })).outputs).includes("for ever"),
  );
  const now = product.pids().session ?? [];
  expect(now.length).toBeGreaterThan(0);
  return now;
};

describe("a running product", () => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct();
  }, 240_000);
  afterAll(() => product.stop());

  it("a second start on the same home says so and ends", async () => {
    const second = await startProduct({ home: product.home, port: await freePort(), waits: false });
    expect(await ended(second)).toBe(1);
    expect(second.said()).toContain(`Atelier runs already on ${product.home}`);
    expect(await isHealthy(product.url)).toBe(true);
  });

  it("every port of every process listens on 127.0.0.1 alone", () => {
    const tree = product.pids();
    expect(Object.keys(tree)).toEqual(expect.arrayContaining(["supervisor", "web", "worker", "kernel", "serving", "postgres"]));
    const addresses = Object.values(tree).flat().flatMap(listensOf);
    expect(addresses.length).toBeGreaterThanOrEqual(5);
    expect(new Set(addresses)).toEqual(new Set(["0100007F"]));
  });

  it("the operations can be read without a token, and every one of them refuses whoever has none", async () => {
    const document = (await (await fetch(`${product.url}/api/v1/openapi.json`)).json()) as {
      openapi: string;
      paths: Record<string, Record<string, unknown>>;
    };
    expect(document.openapi).toBe("3.1.0");
    const asked = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
    );
    expect(asked.length).toBeGreaterThan(60);
    for (const { method, path } of asked) {
      const url = `${product.url}${path.replace(/\{number\}/g, "1").replace(/\{\w+\}/g, "main")}`;
      const answer = await fetch(url, {
        method,
        ...(method === "GET" ? {} : { body: "{}", headers: { "content-type": "application/json" } }),
      });
      expect([answer.status, method, path]).toEqual([401, method, path]);
      await answer.body?.cancel();
    }
  });

  for (const kind of ["web", "worker", "kernel", "serving"] as const)
    it(`${kind}, killed with -9, is started again and the product is healthy`, async () => {
      const before = product.pids()[kind]![0]!;
      process.kill(before, "SIGKILL");
      await eventually(`a new ${kind}`, () => product.pids()[kind]?.some((pid) => pid !== before));
      await eventually("health", () => isHealthy(product.url));
    });

  it("a kernel killed with -9 takes its sessions along, even one that never waits", async () => {
    const session = await startsEndlessCell(product);
    const [before] = product.pids().kernel!;
    process.kill(before!, "SIGKILL");
    await eventually("the session ends", () => !session.some(isAlive));
    await eventually("health", async () => product.pids().kernel?.some((pid) => pid !== before) && (await isHealthy(product.url)));
  });

  it("the database, killed with -9, is started again and answers with what it held", async () => {
    const options = { baseUrl: product.url, token: product.token };
    const before = await call(listWorkspaces, {}, options);
    const [postmaster] = product.pids().postgres!;
    process.kill(postmaster!, "SIGKILL");
    await eventually("another database", () => {
      const now = product.pids().postgres;
      return now && !now.includes(postmaster!);
    });
    await eventually("health", () => isHealthy(product.url));
    expect(await call(listWorkspaces, {}, options)).toEqual(before);
  });
});

describe("ending", () => {
  const endsWithin10s = async (product: Product, signal: () => void): Promise<void> => {
    await startsEndlessCell(product);
    const kinds = treeOf(product.supervisor.pid!);
    expect(Object.keys(kinds)).toEqual(expect.arrayContaining(["web", "worker", "kernel", "serving", "postgres", "session"]));
    const tree = Object.values(kinds).flat();
    const from = Date.now();
    signal();
    await eventually("every process ends", () => tree.every((pid) => !isAlive(pid)), 20_000);
    expect(Date.now() - from).toBeLessThan(10_000); // the promise itself, not a measurement
    rmSync(product.home, { recursive: true, force: true });
  };
  it("SIGTERM to the whole process group ends everything within 10 s", async () => {
    const product = await startProduct();
    await endsWithin10s(product, () => process.kill(-product.supervisor.pid!, "SIGTERM"));
  });
  it("SIGTERM to npm alone ends everything within 10 s", async () => {
    const product = await startProduct({ command: ["npm", "start"] });
    await endsWithin10s(product, () => process.kill(product.supervisor.pid!, "SIGTERM"));
  });
  it("a supervisor killed with -9 leaves no service behind, and the next start on its home is healthy with everything there", async () => {
    const first = await startProduct();
    await startsEndlessCell(first);
    const tree = Object.values(first.pids()).flat();
    process.kill(first.supervisor.pid!, "SIGKILL");
    await eventually("its services end", () => {
      const now = tree.filter(isAlive);
      return now.every((pid) => /postgres/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8")));
    });
    const second = await startProduct({ home: first.home });
    expect(tree.filter(isAlive)).toEqual([]);
    const { items } = await call(listWorkspaces, {}, { baseUrl: second.url, token: second.token });
    expect(items.map((one) => one.slug)).toEqual(["main"]);
    await second.stop();
  }, 180_000);
});

describe("a first start without an admin", () => {
  it("prints a link that makes the owner exactly once", async () => {
    const home = mkdtempSync(join(tmpdir(), "atelier-first-"));
    const nobody = { ATELIER_ADMIN_EMAIL: "", ATELIER_ADMIN_PASSWORD: "", ATELIER_ADMIN_TOKEN: "" };
    const product = await startProduct({ home, environment: nobody });
    try {
      const code = await eventually("the link", () => /welcome\?code=(\S+)/.exec(product.said())?.[1]);
      const person = { code, name: "Ada", email: "ada@example.test", password: "a-long-password" };
      await call(claimInstallation, person, { baseUrl: product.url });
      const again = await refusal(call(claimInstallation, { ...person, email: "eve@example.test" }, { baseUrl: product.url }));
      expect(again.status).toBe(404);
      const enter = (email: string): Promise<Response> =>
        fetch(`${product.url}/api/auth/sign-in/email`, {
          method: "POST",
          headers: { "content-type": "application/json", origin: product.url },
          body: JSON.stringify({ email, password: person.password }),
        });
      expect((await enter("eve@example.test")).status).toBe(401);
      const signedIn = await enter(person.email);
      expect(signedIn.status).toBe(200);
      const cookie = signedIn.headers
        .getSetCookie()
        .map((one) => one.split(";")[0])
        .join("; ");
      const mine = (await (await fetch(`${product.url}/api/v1/workspaces`, { headers: { cookie } })).json()) as { items: unknown[] };
      expect(mine.items).toMatchObject([{ slug: "main", role: "owner" }]);
    } finally {
      await product.stop();
    }
  });
});
