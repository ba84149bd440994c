// A kernel started as Jupyter starts it (an installed kernelspec, a connection file), and a client of its five sockets.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Dealer, Request, Subscriber } from "zeromq";
import type { Channel } from "#kernel/jupyter/wire.ts";
import { fromFrames, toFrames } from "#kernel/jupyter/zmq/frames.ts";
import type { Connection } from "#kernel/jupyter/zmq/front.ts";
import type { Heard, Wire } from "#test/kit/jupyter.ts";
import { freePort } from "#test/kit/ports.ts";

/** Installs the kernelspec under a prefix, as `npx atelier kernel install --prefix` does; answers the prefix. */
export const installSpec = (): { prefix: string; argv: string[]; remove: () => void } => {
  const prefix = mkdtempSync(join(tmpdir(), "atelier-spec-"));
  execFileSync(
    process.execPath,
    [fileURLToPath(new URL("../../kernel/command.ts", import.meta.url)), "kernel", "install", "--prefix", prefix],
    {
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const spec = JSON.parse(readFileSync(join(prefix, "share/jupyter/kernels/atelier-typescript/kernel.json"), "utf8")) as { argv: string[] };
  return { prefix, argv: spec.argv, remove: () => rmSync(prefix, { recursive: true, force: true }) };
};

export type Started = {
  connection: Connection;
  child: ChildProcess;
  exited: Promise<number | null>;
  errors: () => string;
  stop: () => void;
};

/** Starts the kernel of a spec with a connection file of its own. */
export const startSpec = async (argv: string[]): Promise<Started> => {
  const folder = mkdtempSync(join(tmpdir(), "atelier-zmq-"));
  const [shell_port, iopub_port, stdin_port, control_port, hb_port] = (await Promise.all(Array.from({ length: 5 }, freePort))) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const connection: Connection = {
    shell_port,
    iopub_port,
    stdin_port,
    control_port,
    hb_port,
    ip: "127.0.0.1",
    transport: "tcp",
    key: randomUUID(),
    signature_scheme: "hmac-sha256",
  };
  const file = join(folder, "connection.json");
  writeFileSync(file, JSON.stringify(connection));
  const [command, ...args] = argv.map((one) => one.replace("{connection_file}", file)) as [string, ...string[]];
  const child = spawn(command, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout!.on("data", (part) => {
    said += `stdout: ${part}`;
  });
  child.stderr!.on("data", (part) => {
    said += part;
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return {
    connection,
    child,
    exited,
    errors: () => said,
    stop: () => {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

export type ZmqWire = Wire & {
  beat: (bytes: string) => Promise<string>;
  /** Sends raw frames on shell. */
  sendRaw: (frames: Buffer[]) => Promise<void>;
  welcomed: Promise<string>;
};

/** A client's end of the five sockets. */
export const openZmq = (connection: Connection): ZmqWire => {
  const address = (port: number): string => `tcp://${connection.ip}:${port}`;
  const routingId = randomUUID();
  const listeners: ((heard: Heard) => void)[] = [];
  let welcome: (topic: string) => void = () => {};
  const welcomed = new Promise<string>((resolve) => {
    welcome = resolve;
  });
  const hear = (channel: Channel, frames: Buffer[]): void => {
    const found = fromFrames(connection.key, frames);
    if (typeof found === "string") throw new Error(`The kernel sent what no client can read: ${found}`);
    if (found.msg.header.msg_type === "iopub_welcome") welcome(String(found.msg.content.subscription));
    for (const listener of listeners) listener({ channel, msg: found.msg });
  };
  const dealer = (channel: "shell" | "control" | "stdin", port: number) => {
    const socket = new Dealer({ routingId, linger: 0 });
    socket.connect(address(port));
    void (async () => {
      for await (const frames of socket) hear(channel, frames);
    })().catch(() => {});
    let last: Promise<void> = Promise.resolve();
    return {
      socket,
      send: (frames: Buffer[]): Promise<void> => {
        last = last.then(() => (socket.closed ? undefined : socket.send(frames)));
        return last;
      },
    };
  };
  const sockets = {
    shell: dealer("shell", connection.shell_port),
    control: dealer("control", connection.control_port),
    stdin: dealer("stdin", connection.stdin_port),
  };
  const iopub = new Subscriber({ receiveHighWaterMark: 0 });
  iopub.connect(address(connection.iopub_port));
  iopub.subscribe("");
  void (async () => {
    for await (const frames of iopub) hear("iopub", frames);
  })().catch(() => {});
  const heart = new Request({ linger: 0 });
  heart.connect(address(connection.hb_port));
  return {
    send: (channel, msg) => void sockets[channel as keyof typeof sockets].send(toFrames(connection.key, [], msg)),
    sendRaw: (frames) => sockets.shell.send(frames),
    listen: (listener) => void listeners.push(listener),
    beat: async (bytes) => {
      await heart.send(bytes);
      const [answer] = await heart.receive();
      return answer!.toString();
    },
    welcomed,
    close: () => {
      for (const one of Object.values(sockets)) one.socket.close();
      iopub.close();
      heart.close();
    },
  };
};
