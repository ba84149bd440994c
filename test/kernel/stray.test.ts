// Nothing of a session outlives it: not a sandbox that was ended in its first moment, and not what a killed gateway left behind.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openClient, startGateway } from "#test/kit/kernel.ts";
import { eventually } from "#test/kit/product.ts";

let gateway: Awaited<ReturnType<typeof startGateway>>;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

/** Living processes whose command line holds a word. */
const carrying = (word: string): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(word);
      } catch {
        return false;
      }
    })
    .map(Number);

describe("nothing is left behind", () => {
  it("by sessions that are ended at any moment of their start", async () => {
    const ids: string[] = [];
    for (let i = 0; i < 24; i++) {
      const client = await openClient(gateway, { limits: { processes: 500 } });
      ids.push(client.id);
      if (i % 3 > 0) await new Promise((resolve) => setImmediate(resolve)); // ended at different moments
      client.drop();
      await client.request("", "DELETE");
    }
    for (const id of ids) await eventually("its processes are gone", () => carrying(id).length === 0);
  });

  it("by a process that makes others while its tree is ended", async () => {
    const { endTree } = await import("#kernel/sandbox/usage.ts");
    const mark = `${3000 + process.pid}.${Date.now() % 100_000}`;
    const shell = spawn("/bin/sh", ["-c", `while :; do sleep ${mark} & done`], { stdio: "ignore" });
    await eventually("it makes them", () => carrying(`sleep\0${mark}`).length > 20);
    endTree(shell.pid!);
    await eventually("all are gone", () => carrying(`sleep\0${mark}`).length === 0).catch((error: Error) => {
      for (const pid of carrying(mark)) process.kill(pid, "SIGKILL");
      throw error;
    });
  });

  it("by a gateway that was killed: the next one on the same home ends what names its folders and lost its parent", async () => {
    const { clearWork } = await import("#kernel/sandbox/work.ts");
    const folder = join(process.env.ATELIER_HOME!, "sessions", "stray-one");
    const shell = spawn("/bin/sh", ["-c", `"$0" -e "setTimeout(() => {}, 60000)" "$1" & echo started`, process.execPath, folder], {
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    });
    await new Promise((resolve) => shell.once("exit", resolve));
    await eventually("it runs", () => carrying(folder).length > 0);
    const parentOf = (pid: number): string => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")[1]!;
    if (parentOf(carrying(folder)[0]!) !== "1") for (const pid of carrying(folder)) process.kill(pid, "SIGKILL"); // another reaper than init
    clearWork();
    await eventually("it is gone", () => carrying(folder).length === 0);
    expect(carrying(folder)).toEqual([]);
  });
});
