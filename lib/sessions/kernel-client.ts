// Speaking to the gateway: its REST for a kernel's life, its journal for everything a kernel says. The connection comes back by itself and
// reads on after the last number its owner has stored; a gateway that no longer knows the kernel is told to the owner once.
import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import { gatewayOf, giveBack, standing } from "#lib/devices/leases.ts";
import { env } from "#lib/kit/env.ts";
import { Problem } from "#lib/kit/problem.ts";
import type { Lock } from "#lib/sessions/packages/contract.ts";
import type { Told } from "#lib/sessions/rules.ts";

export const gatewayHeaders = (): Record<string, string> => ({
  authorization: `Bearer ${env.internalSecret}`,
  "content-type": "application/json",
});

/** To whom a kernel's use is counted until somebody's cell runs. */
export type Account = { workspaceId: string; notebookId: string; userId: string; person: string };

export type KernelModel = { id: string; execution_state: string; atelier: { sandboxed: boolean; memoryMb: number; rssMb: number } };

/** The first question parses all types. */
const languageMs = 70_000;

const askAt = async (gateway: string, path: string, init: RequestInit = {}, limitMs = 15_000): Promise<Response> => {
  try {
    return await fetch(`${gateway}${path}`, { ...init, headers: gatewayHeaders(), signal: AbortSignal.timeout(limitMs) });
  } catch (cause) {
    throw new Problem(
      "unavailable",
      "sessions.gateway",
      "The kernel service does not answer. It is being started again; try in a few seconds.",
      { cause },
    );
  }
};

const ask = async (kernelId: string, path: string, init: RequestInit = {}): Promise<Response> =>
  askAt(await gatewayOf(kernelId), path, init);

/** Creates a kernel, or answers the one with this id. */
export const createKernel = async (wish: {
  kernelId: string;
  token: string;
  memoryMb?: number;
  /** The leased graphics card, by its name on its machine. */
  device?: string;
  account: Account;
  /** Locks whose npm packages it finds; executions wait until they are there. */
  packages?: Lock[];
}): Promise<KernelModel> => {
  const answer = await ask(wish.kernelId, "/api/kernels", { method: "POST", body: JSON.stringify({ name: "typescript", atelier: wish }) });
  if (!answer.ok)
    throw new Problem(
      "unavailable",
      "sessions.gateway",
      `No session could be started: ${((await answer.json().catch(() => ({}))) as { message?: string }).message ?? answer.status}`,
    );
  return (await answer.json()) as KernelModel;
};

/** The kernel's model, or null when the gateway does not know it. */
export const findKernel = async (kernelId: string): Promise<KernelModel | null> => {
  const answer = await ask(kernelId, `/api/kernels/${kernelId}`);
  return answer.ok ? ((await answer.json()) as KernelModel) : null;
};

export const interruptKernel = async (kernelId: string): Promise<void> =>
  void (await ask(kernelId, `/api/kernels/${kernelId}/interrupt`, { method: "POST" }));
export const restartKernel = async (kernelId: string): Promise<void> =>
  void (await ask(kernelId, `/api/kernels/${kernelId}/restart`, { method: "POST" }));
/** Ends a kernel and gives back what it held. */
export const deleteKernel = async (kernelId: string): Promise<void> => {
  await ask(kernelId, `/api/kernels/${kernelId}`, { method: "DELETE" });
  await giveBack(kernelId);
};

/** Ends a kernel that may have gone with its machine: one without a lease is ended by the machine itself, should that come back. */
export const clearKernel = (kernelId: string): Promise<void> =>
  deleteKernel(kernelId).catch(async (error: unknown) => {
    const lease = await standing(kernelId);
    if (lease && lease.state !== "ended") throw error;
  });

/** Asks a kernel something about itself. */
export const askKernel = async (kernelId: string, path: string): Promise<unknown> => {
  const answer = await ask(kernelId, `/api/kernels/${kernelId}${path}`);
  const body = (await answer.json().catch(() => ({}))) as { message?: string };
  if (answer.ok) return body;
  throw new Problem(
    "unavailable",
    "sessions.busy",
    answer.status === 409 ? "A cell holds the session. Look again when it has ended." : (body.message ?? "The session does not answer."),
  );
};

/** Asks the language process about a notebook, beside its session where it has one; `isStale`: it holds nothing of what the question
 * builds on. */
export const askLanguage = async (question: {
  kernelId?: string;
  [part: string]: unknown;
}): Promise<{ isStale: boolean; answer?: unknown }> => {
  const gateway = question.kernelId ? await gatewayOf(question.kernelId) : env.kernelUrl;
  const answer = await askAt(gateway, "/api/language", { method: "POST", body: JSON.stringify(question) }, languageMs);
  if (answer.ok) return (await answer.json()) as { isStale: boolean; answer?: unknown };
  const { message } = (await answer.json().catch(() => ({}))) as { message?: string };
  throw new Problem("unavailable", "sessions.language_away", message ?? "The language service does not answer. Ask again in a moment.");
};

/** A long answer of a kernel as it comes; null when there is none. */
export const streamFromKernel = async (kernelId: string, path: string): Promise<ReadableStream | null> => {
  const answer = await fetch(`${await gatewayOf(kernelId)}/api/kernels/${kernelId}${path}`, { headers: gatewayHeaders() }).catch(
    () => null,
  );
  return answer?.ok ? answer.body : null;
};

export type Execution = {
  id: string;
  code: string;
  cell: { cellId: string; cellHash: string; notebookId: string; revision: number; pipelineRunId?: string };
  token: string;
  /** The lock whose packages it is to find; not said: those that were last put before the kernel. */
  packages?: string | null;
  /** Whose use it is. */
  payer: { userId: string | null; person: string };
  stopsOnError?: boolean;
  /** Whether somebody is there to answer what the code asks. */
  canAsk?: boolean;
  /** Sent already by an earlier process of ours; asked only by what would run it twice. */
  isRunning?: boolean;
};

export type Line = {
  execute: (execution: Execution) => void;
  /** Answers what an execution asks; false while nobody is connected to hear it. */
  answer: (executionId: string, value: string) => boolean;
  ack: (seq: number) => void;
  close: () => void;
};

const header = (id: string, type: string) => ({
  msg_id: id,
  session: "atelier",
  username: "atelier",
  date: new Date().toISOString(),
  msg_type: type,
  version: "5.5",
});

const answerTo = (id: string, value: string): string =>
  JSON.stringify({
    channel: "stdin",
    msg: {
      header: header(randomUUID(), "input_reply"),
      parent_header: header(id, "input_request"),
      metadata: {},
      content: { status: "ok", value },
    },
  });

const request = (one: Execution): string =>
  JSON.stringify({
    channel: "shell",
    msg: {
      header: header(one.id, "execute_request"),
      parent_header: {},
      metadata: {
        atelier: { ...one.cell, token: one.token, packages: one.packages, payer: { ...one.payer, userId: one.payer.userId ?? "" } },
      },
      content: {
        code: one.code,
        silent: false,
        store_history: true,
        user_expressions: {},
        allow_stdin: one.canAsk === true,
        stop_on_error: one.stopsOnError !== false,
      },
    },
  });

type Owner = {
  after: () => number;
  hear: (told: Told) => void;
  opened: () => void;
  gone: () => void;
  /** Nobody answers at the machine; true when the session is known to be lost with it. */
  isLost: () => Promise<boolean>;
};

/** Opens the line to a kernel. `opened` comes after every (re)connection: send again what is not finished, the kernel runs an id once. */
export const openLine = (kernelId: string, owner: Owner): Line => {
  let socket: WebSocket | null = null;
  let isClosed = false;
  let isGone = false;

  const lost = (): void => {
    if (isGone || isClosed) return;
    isGone = true;
    owner.gone();
  };

  const again = (afterMs: number): void => void setTimeout(() => void connect().catch(() => again(1000)), afterMs);

  /** Asked now and then while nobody answers, not with every try. */
  let silence = 0;
  const doubt = async (): Promise<void> => {
    silence += 1;
    if (silence % 8 === 0 && (await owner.isLost().catch(() => false))) lost();
  };

  const connect = async (): Promise<void> => {
    if (isClosed || isGone) return;
    const gateway = await gatewayOf(kernelId);
    if (isClosed || isGone) return;
    const opened = new WebSocket(`${gateway.replace("http", "ws")}/api/kernels/${kernelId}/journal?after=${owner.after()}`, {
      headers: gatewayHeaders(),
      maxPayload: 128_000_000,
      perMessageDeflate: false,
    });
    socket = opened;
    opened.on("message", (data) => {
      const told = JSON.parse(data.toString()) as Told & { lost?: boolean };
      if (!told.lost) owner.hear(told);
    });
    opened.once("open", () => {
      silence = 0;
      owner.opened();
    });
    opened.once("unexpected-response", (_request, response) => {
      if (response.statusCode === 404) lost();
      response.destroy();
      opened.terminate();
    });
    opened.on("error", () => {});
    opened.once("close", () => void doubt().then(() => again(250)));
  };

  const send = (text: string): boolean => {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(text);
    return true;
  };

  again(0);
  return {
    execute: (execution) => void send(request(execution)),
    answer: (executionId, value) => send(answerTo(executionId, value)),
    ack: (seq) => void send(`{"ack":${seq}}`),
    close: () => {
      isClosed = true;
      socket?.terminate();
    },
  };
};
