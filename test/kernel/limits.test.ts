// What cannot be stopped otherwise ends in a restart with words; what is too much is contained and said; what is long is kept whole.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type WebSocket from "ws";
import { executeContent, openSocket, talkOver } from "#test/kit/jupyter.ts";
import { openClient, startGateway } from "#test/kit/kernel.ts";

let gateway: Awaited<ReturnType<typeof startGateway>>;
let other: Awaited<ReturnType<typeof openClient>>;
beforeAll(async () => {
  gateway = await startGateway();
  other = await openClient(gateway);
  await other.run("var mine = 'untouched'");
});
afterAll(() => gateway.stop());
const othersVariable = async () => (await other.run("mine")).text;

describe("what Stop cannot reach ends in a restart with a clear message", () => {
  const hard: Record<string, string> = {
    "a native call that does not come back":
      "console.log('in'); const { execFileSync } = await import('node:child_process'); execFileSync('sleep', ['60'])",
    "a loop inside a timer": "setTimeout(() => { console.log('in'); for (;;) {} }, 20); await new Promise(() => {})",
  };
  for (const [name, code] of Object.entries(hard))
    it(name, async () => {
      const mine = await openClient(gateway);
      const id = mine.send(code);
      await mine.until(() => mine.about(id).find((one) => one.msg.header.msg_type === "stream"));
      await mine.request("/interrupt");
      const reply = await mine.until(() => mine.about(id).find((one) => one.msg.header.msg_type === "execute_reply"));
      expect(reply.msg.content.ename).toMatch(/SessionEnded|Interrupted/);
      if (reply.msg.content.ename === "SessionEnded") expect(reply.msg.content.evalue).toMatch(/crashed|did not stop within 3 seconds/);
      expect((await mine.run("1 + 1")).text).toBe("2");
      await mine.request("", "DELETE");
    });
});

describe("limits by policy", () => {
  const ends = async (code: string, pattern: RegExp, limits: Record<string, number>) => {
    const mine = await openClient(gateway, { limits });
    const { reply, messages } = await mine.run(code);
    expect(reply.evalue).toMatch(pattern);
    expect(messages.find((one) => one.msg.header.msg_type === "error")!.msg.metadata).toEqual({ atelier: { fault: "limits" } });
    expect((await mine.run("1 + 1")).text).toBe("2");
    await mine.request("", "DELETE");
    expect(await othersVariable()).toBe("'untouched'");
    return messages;
  };
  it("processor time", () => ends("for (;;) {}", /2 seconds of processor time/, { cpuSeconds: 2 }), 40_000);
  it("a cell's time: it is stopped, and keeps its variables", async () => {
    const mine = await openClient(gateway, { limits: { cellSeconds: 1 } });
    await mine.run("var kept = 'here'");
    expect((await mine.run("for (;;) {}")).reply).toMatchObject({ ename: "TimeLimit", evalue: expect.stringMatching(/ran 1 seconds/) });
    expect((await mine.run("kept")).text).toBe("'here'");
  });
  it("its work folder: who comes near is told, who passes is ended, and the folder is empty again", async () => {
    const fill =
      "const fs = await import('node:fs'); for (let i = 0; ; i++) { fs.writeFileSync(`fill-${i}`, Buffer.alloc(1_000_000, 1)); await new Promise((r) => setTimeout(r, 150)) }";
    const messages = await ends(fill, /work folder passed 40 MB/, { diskMb: 40 });
    const told = messages.filter((one) => one.msg.content.name === "stderr").map((one) => one.msg.content.text);
    expect(told.join("")).toMatch(/uses \d+ of 40 MB in its work folder/);
  });
  it("memory outside V8's heap: who comes near is told before it is over", async () => {
    const grow = "const all = []; for (;;) { all.push(Buffer.alloc(4_000_000, 1)); await new Promise((r) => setTimeout(r, 60)) }";
    const messages = await ends(grow, /memory passed 300 MB/, { memoryMb: 300 });
    expect(messages.some((one) => /uses \d+ of 300 MB of memory/.test(String(one.msg.content.text)))).toBe(true);
  });
});

describe("much output", () => {
  const hundredMegabytes = "const line = 'x'.repeat(99); for (let i = 0; i < 1_000_000; i++) console.log(line)";
  it("100 MB reach a stock client whole, in few messages", async () => {
    const headers = { authorization: `token ${gateway.secret}` };
    const { id } = (await (await fetch(`${gateway.url}/api/kernels`, { method: "POST", headers, body: "{}" })).json()) as { id: string };
    const talk = talkOver(await openSocket(gateway.url, id, { headers }));
    const request = talk.send("execute_request", executeContent(hundredMegabytes));
    await talk.until(() => talk.about(request).some((one) => one.msg.content.execution_state === "idle"), 120_000);
    const streams = talk.about(request).filter((one) => one.msg.header.msg_type === "stream");
    expect(streams.reduce((sum, one) => sum + String(one.msg.content.text).length, 0)).toBe(100_000_000);
    expect(streams.length).toBeLessThan(8000);
    await fetch(`${gateway.url}/api/kernels/${id}`, { method: "DELETE", headers });
  }, 150_000);
  it("the whole log of a long run can be downloaded, line by line as printed", async () => {
    const mine = await openClient(gateway);
    const id = mine.send("for (let i = 0; i < 400_000; i++) console.log('line', i)");
    await mine.until(() => mine.about(id).some((one) => one.msg.content.execution_state === "idle"), 60_000);
    const log = await (await mine.request(`/logs/${id}`, "GET")).text();
    expect(log).toBe(`${Array.from({ length: 400_000 }, (_, i) => `line ${i}`).join("\n")}\n`);
    const short = await mine.run("console.log('short')");
    expect((await mine.request(`/logs/${short.id}`, "GET")).status).toBe(404);
  });
});

describe("bad input", () => {
  it("malformed, unknown and gigantic messages are refused; the session is unharmed", async () => {
    const headers = { authorization: `token ${gateway.secret}` };
    const { id } = (await (await fetch(`${gateway.url}/api/kernels`, { method: "POST", headers, body: "{}" })).json()) as { id: string };
    const good = talkOver(await openSocket(gateway.url, id, { headers }));
    await good.run("var kept = 'well'");
    const closedBy = async (isOld: boolean, send: (socket: WebSocket) => void): Promise<number> => {
      const { socket } = await openSocket(gateway.url, id, { headers, isOld });
      const closed = new Promise<number>((resolve) => socket.once("close", resolve));
      socket.on("error", () => {});
      send(socket);
      return closed;
    };
    expect(await closedBy(false, (socket) => socket.send(Buffer.from([1, 2, 3])))).toBe(1003);
    expect(await closedBy(false, (socket) => socket.send(Buffer.alloc(64, 255)))).toBe(1003);
    expect(await closedBy(true, (socket) => socket.send("{"))).toBe(1003);
    expect(await closedBy(true, (socket) => socket.send('{"channel":"nowhere","header":{"msg_id":"a","msg_type":"b"}}'))).toBe(1003);
    expect(
      await closedBy(true, (socket) =>
        socket.send('{"channel":"shell","header":{"msg_id":"a","msg_type":"execute_request"},"content":[1]}'),
      ),
    ).toBe(1003);
    expect(await closedBy(true, (socket) => socket.send(Buffer.alloc(40_000_000)))).toBe(1009);
    good.send("no_such_request", {});
    good.send("__proto__", {});
    expect((await good.run("kept")).text).toBe("'well'");
    const refused = async (path: string, method: string, body?: string) =>
      (await fetch(`${gateway.url}${path}`, { method, headers, ...(body ? { body } : {}) })).status;
    expect(await refused("/api/kernels", "POST", "{")).toBe(400);
    expect(await refused("/api/kernels", "POST", '{"name":"python3"}')).toBe(404);
    expect(await refused("/api/kernels", "POST", `"${"x".repeat(9_000_000)}"`)).toBe(413);
    expect(await refused("/api/kernels/%E0%A4%A/interrupt", "POST")).toBe(400);
    expect(await refused("/api/kernels", "PUT")).toBe(405);
    expect((await fetch(`${gateway.url}/api/kernels`)).status).toBe(401);
  });
});
