// A real gateway for tests, in this process or against any web address, and a small client of its journal.
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import WebSocket from "ws";

export type Told = {
  seq: number;
  channel: string;
  msg: {
    header: { msg_type: string; msg_id: string; session: string };
    parent_header: { msg_id?: string };
    content: Record<string, unknown>;
    metadata: Record<string, unknown>;
  };
};

/** Starts a gateway on a free port with a home of its own. */
export const startGateway = async (
  options: { spares?: number } = {},
): Promise<{ url: string; secret: string; stop: () => Promise<void> }> => {
  process.env.ATELIER_HOME ??= mkdtempSync(join(tmpdir(), "atelier-gateway-"));
  const { openGateway } = await import("#kernel/gateway.ts");
  const secret = randomUUID();
  const gateway = await openGateway({ port: 0, secret, ...options });
  return {
    url: `http://127.0.0.1:${gateway.port}`,
    secret,
    stop: async () => {
      await gateway.close();
      (await import("#kernel/sandbox/work.ts")).clearWork();
      if (process.env.ATELIER_HOME?.includes("atelier-gateway-")) rmSync(process.env.ATELIER_HOME, { recursive: true, force: true });
    },
  };
};

/** A client of one kernel: runs code and answers everything said about it. */
export const openClient = async (gateway: { url: string; secret: string }, wish: Record<string, unknown> = {}) => {
  const headers = { authorization: `Bearer ${gateway.secret}`, "content-type": "application/json" };
  const model = (await (
    await fetch(`${gateway.url}/api/kernels`, { method: "POST", headers, body: JSON.stringify({ name: "typescript", atelier: wish }) })
  ).json()) as { id: string; atelier: { sandboxed: boolean; pid: number } };
  const told: Told[] = [];
  const waiting = new Set<() => void>();
  const connect = (after = 0): Promise<WebSocket> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/api/kernels/${model.id}/journal?after=${after}`, { headers });
      socket.on("message", (data) => {
        told.push(JSON.parse(data.toString()) as Told);
        for (const check of waiting) check();
      });
      socket.once("open", () => resolve(socket));
      socket.once("error", reject);
    });
  let socket = await connect();
  const until = <T>(find: () => T | undefined | false | null, limitMs = 90_000): Promise<T> =>
    new Promise((resolve, reject) => {
      const stop = setTimeout(
        () => reject(new Error(`not heard within ${limitMs} ms; last: ${JSON.stringify(told.slice(-6)).slice(0, 1500)}`)),
        limitMs,
      );
      const check = () => {
        const found = find();
        if (!found) return;
        clearTimeout(stop);
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      check();
    });
  const send = (code: string, more: { id?: string; content?: object; metadata?: object } = {}): string => {
    const id = more.id ?? randomUUID();
    socket.send(
      JSON.stringify({
        channel: "shell",
        msg: {
          header: { msg_id: id, session: "test", username: "t", date: "", msg_type: "execute_request", version: "5.5" },
          parent_header: {},
          metadata: more.metadata ?? {},
          content: { code, ...more.content },
        },
      }),
    );
    return id;
  };
  const about = (id: string): Told[] => told.filter((one) => one.msg?.parent_header?.msg_id === id);
  const isIdle = (id: string) =>
    about(id).some((one) => one.msg.header.msg_type === "status" && one.msg.content.execution_state === "idle");
  return {
    id: model.id,
    model,
    told,
    until,
    send,
    about,
    request: (verb: string, method = "POST") => fetch(`${gateway.url}/api/kernels/${model.id}${verb}`, { method, headers }),
    drop: () => socket.terminate(),
    reconnect: async (after: number) => {
      socket = await connect(after);
    },
    ack: (seq: number) => socket.send(JSON.stringify({ ack: seq })),
    /** Runs code to its end; answers its messages, its reply and its text. */
    run: async (code: string, more: Parameters<typeof send>[1] = {}) => {
      const id = send(code, more);
      await until(() => isIdle(id));
      const messages = about(id);
      const reply = messages.find((one) => one.msg.header.msg_type === "execute_reply")!.msg.content as {
        status: string;
        ename?: string;
        evalue?: string;
        traceback?: string[];
      };
      const result = messages.find((one) => one.msg.header.msg_type === "execute_result")?.msg.content.data as
        | Record<string, unknown>
        | undefined;
      const stdout = messages
        .filter((one) => one.msg.header.msg_type === "stream")
        .map((one) => String(one.msg.content.text))
        .join("");
      return { id, messages, reply, result, text: result?.["text/plain"] as string | undefined, stdout };
    },
  };
};
