// The ZeroMQ front: the five sockets of Jupyter's connection file around one kernel, so that JupyterLab, VS Code or nbclient can start it
// as they start any other. The same kernel as behind the gateway; only the wire differs.
//
// Surprise: a ZeroMQ socket of this library takes one send at a time, so each has a queue; a long queue holds the session's output.
import { Reply, Router, XPublisher } from "zeromq";
import type { Entry } from "#kernel/journal.ts";
import { type Channel, message } from "#kernel/jupyter/wire.ts";
import { type Envelope, fromFrames, toFrames } from "#kernel/jupyter/zmq/frames.ts";
import type { Kernel } from "#kernel/kernel.ts";
import { log } from "#lib/kit/log.ts";

/** Jupyter's connection file. */
export type Connection = {
  shell_port: number;
  iopub_port: number;
  stdin_port: number;
  control_port: number;
  hb_port: number;
  ip: string;
  transport: "tcp" | "ipc";
  key: string;
  signature_scheme: string;
};

export type Front = {
  /** Resolves when everything said so far was handed to the sockets. */
  flushed: () => Promise<void>;
  close: () => void;
};

const holdMessages = 2000;
const rememberedRequests = 10_000;

type Sender = { put: (frames: Buffer[]) => void; flushed: () => Promise<void> };

const senderOf = (socket: Router | XPublisher, kernel: Kernel): Sender => {
  let waiting = 0;
  let release: (() => void) | null = null;
  let last: Promise<void> = Promise.resolve();
  return {
    put: (frames) => {
      waiting += 1;
      if (waiting > holdMessages) release ??= kernel.hold();
      last = last.then(async () => {
        await socket.send(frames).catch(() => {}); // a peer that went away, or a socket closed at the end
        waiting -= 1;
        if (waiting > 0) return;
        release?.();
        release = null;
      });
    },
    flushed: () => last,
  };
};

/** Binds the sockets of a connection to a kernel and serves until closed. */
export const openFront = async (kernel: Kernel, connection: Connection): Promise<Front> => {
  const { key } = connection;
  const address = (port: number): string =>
    connection.transport === "ipc" ? `ipc://${connection.ip}-${port}` : `tcp://${connection.ip}:${port}`;
  const linger = { linger: 1000 };
  const [shell, control, stdin] = [new Router(linger), new Router(linger), new Router(linger)];
  const iopub = new XPublisher({ ...linger, sendHighWaterMark: 0, verbosity: "allSubs" });
  const heartbeat = new Reply();
  await Promise.all([
    shell.bind(address(connection.shell_port)),
    control.bind(address(connection.control_port)),
    stdin.bind(address(connection.stdin_port)),
    iopub.bind(address(connection.iopub_port)),
    heartbeat.bind(address(connection.hb_port)),
  ]);
  const senders: Record<Channel, Sender> = {
    shell: senderOf(shell, kernel),
    control: senderOf(control, kernel),
    stdin: senderOf(stdin, kernel),
    iopub: senderOf(iopub, kernel),
  };
  const askedBy = new Map<string, Buffer[]>();
  let isClosed = false;

  const put = ({ channel, msg }: Entry): void => {
    if (channel === "iopub") return senders.iopub.put(toFrames(key, [`kernel.${kernel.id}.${msg.header.msg_type}`], msg));
    const identities = askedBy.get(String(msg.parent_header.msg_id));
    if (identities) senders[channel].put(toFrames(key, identities, msg));
  };

  const take = (channel: Channel, { identities, msg }: Envelope): void => {
    askedBy.set(msg.header.msg_id, identities);
    if (askedBy.size > rememberedRequests) askedBy.delete(askedBy.keys().next().value!);
    kernel.take(channel, msg);
  };

  const listen = async (channel: Channel, socket: Router): Promise<void> => {
    for await (const frames of socket) {
      const found = fromFrames(key, frames);
      if (typeof found === "string") log.warn("a message was refused", { channel, reason: found });
      else take(channel, found);
    }
  };

  /** Each new subscriber is welcomed, so that it knows from when on it misses nothing. */
  const welcome = async (): Promise<void> => {
    for await (const [frame] of iopub) {
      if (frame?.[0] !== 1) continue;
      const subscription = frame.subarray(1).toString("utf8");
      senders.iopub.put(toFrames(key, [subscription], message("iopub_welcome", kernel.id, {}, { subscription })));
    }
  };

  const echo = async (): Promise<void> => {
    for await (const frames of heartbeat) await heartbeat.send(frames);
  };

  const running = [echo(), welcome()];
  await kernel.whenReady(); // a request taken earlier would be silent until then, and clients count from busy
  const { stop } = kernel.journal.read(0, put);
  running.push(listen("shell", shell), listen("control", control), listen("stdin", stdin));
  for (const one of running) one.catch((error: unknown) => isClosed || log.warn("a socket failed", { error: String(error) }));

  return {
    flushed: async () => void (await Promise.all(Object.values(senders).map((one) => one.flushed()))),
    close: () => {
      isClosed = true;
      stop();
      for (const socket of [shell, control, stdin, iopub, heartbeat]) socket.close();
    },
  };
};
