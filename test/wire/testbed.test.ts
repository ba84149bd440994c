// The kernel testbed's checks over both wires: ZeroMQ as any Jupyter starts us, and our gateway's WebSocket.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSocket, talkOver } from "#test/kit/jupyter.ts";
import { startGateway } from "#test/kit/kernel.ts";
import { installSpec, openZmq, type Started, startSpec, type ZmqWire } from "#test/kit/zmq.ts";
import { checks, type Subject } from "#test/wire/checks.ts";

it("there are 26", () => expect(Object.keys(checks).length).toBe(26));

describe("over ZeroMQ, from an installed kernelspec", () => {
  let subject: Subject;
  let wire: ZmqWire;
  let started: Started;
  let spec: ReturnType<typeof installSpec>;
  beforeAll(async () => {
    spec = installSpec();
    started = await startSpec(spec.argv);
    wire = openZmq(started.connection);
    subject = { talk: talkOver(wire), beat: wire.beat, gone: () => started.exited };
  });
  afterAll(() => {
    wire.close();
    started.stop();
    spec.remove();
  });
  it("iopub_welcome greets a new subscriber", async () => {
    expect(await wire.welcomed).toBe("");
  });
  it("a message with a wrong signature, or none of a message at all, is refused and hurts nothing", async () => {
    const { heard } = subject.talk;
    const before = heard.length;
    await wire.sendRaw([
      Buffer.from("<IDS|MSG>"),
      Buffer.from("0".repeat(64)),
      ...['{"msg_id":"x","msg_type":"kernel_info_request"}', "{}", "{}", "{}"].map((one) => Buffer.from(one)),
    ]);
    await wire.sendRaw([Buffer.from("nonsense")]);
    await wire.sendRaw([]);
    expect((await subject.talk.run("'well'")).text).toBe("'well'");
    expect(heard.slice(before).filter((one) => one.msg.parent_header.msg_id === "x")).toEqual([]);
    expect(started.errors()).toContain("the signature is wrong");
    expect(started.errors()).not.toContain("stdout:");
  });
  for (const [name, check] of Object.entries(checks)) it(name, () => check(subject));
});

describe("over our WebSocket", () => {
  let subject: Subject;
  let gateway: Awaited<ReturnType<typeof startGateway>>;
  beforeAll(async () => {
    gateway = await startGateway();
    const headers = { authorization: `token ${gateway.secret}` };
    const made = await fetch(`${gateway.url}/api/kernels`, { method: "POST", headers, body: "{}" });
    const { id } = (await made.json()) as { id: string };
    const wire = await openSocket(gateway.url, id, { headers });
    const beat = (bytes: string): Promise<string> =>
      new Promise((resolve) => {
        wire.socket.once("pong", (data: Buffer) => resolve(data.toString()));
        wire.socket.ping(bytes);
      });
    const gone = async (): Promise<void> => {
      while ((await fetch(`${gateway.url}/api/kernels/${id}`, { headers })).status !== 404)
        await new Promise((resolve) => setTimeout(resolve, 20));
    };
    subject = { talk: talkOver(wire), beat, gone };
  });
  afterAll(() => gateway.stop());
  for (const [name, check] of Object.entries(checks)) it(name, () => check(subject));
});
