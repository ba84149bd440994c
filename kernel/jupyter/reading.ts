// What a client's request says to the session, taken from Jupyter's content and from our own metadata; nothing in it is trusted to be there.
import type { Account } from "#kernel/devices/meter.ts";
import type { Message } from "#kernel/jupyter/wire.ts";
import type { CellSource, CommNote } from "#kernel/session/messages.ts";

type Content = Record<string, unknown>;
type Atelier = {
  cellId?: string;
  cellHash?: string;
  notebookId?: string;
  revision?: number;
  pipelineRunId?: string;
  token?: string;
  payer?: { userId?: string; person?: string };
  packages?: string | null;
};

/** The cell an execution belongs to, and the token it may act with. */
export const cellOf = (request: Message): { cell: CellSource | null; token: string | null } => {
  const { cellId, cellHash, notebookId, revision, pipelineRunId, token } = (request.metadata.atelier ?? {}) as Atelier;
  const stage = pipelineRunId ? { pipelineRunId } : {};
  const cell = cellId && notebookId ? { cellId, cellHash: cellHash ?? "", notebookId, revision: revision ?? 0, ...stage } : null;
  return { cell, token: token ?? null };
};

/** Who an execution is counted to; empty when a stock client does not say. */
export const payerOf = (request: Message): Partial<Account> => {
  const { notebookId, payer } = (request.metadata.atelier ?? {}) as Atelier;
  return payer ? { userId: String(payer.userId ?? ""), person: String(payer.person ?? ""), ...(notebookId ? { notebookId } : {}) } : {};
};

/** The lock whose packages an execution is to find; undefined where it does not say, and then those before. */
export const packagesOf = (request: Message): string | null | undefined => {
  const { packages } = (request.metadata.atelier ?? {}) as Atelier;
  return packages === null || typeof packages === "string" ? packages : undefined;
};

/** A comm message as the session hears it. */
export const noteOf = (request: Message): CommNote => ({
  kind: request.header.msg_type.slice("comm_".length) as CommNote["kind"],
  commId: String(request.content.comm_id ?? ""),
  data: request.content.data ?? {},
  metadata: request.metadata,
  buffers: (request.buffers ?? []).map((one) => Buffer.from(one).toString("base64")),
  ...(request.content.target_name ? { target: String(request.content.target_name) } : {}),
});

/** What to evaluate after the cell, by name. */
export const expressionsOf = (request: Message): Record<string, string> =>
  Object.fromEntries(Object.entries((request.content.user_expressions ?? {}) as Content).map(([name, code]) => [name, String(code)]));

/** What a cell ends with that used its time. */
export const timeFailure = (seconds: number) => {
  const evalue = `The cell ran ${seconds} seconds, which is its limit, and was stopped. Variables are kept.`;
  return { ename: "TimeLimit", evalue, traceback: [evalue] };
};
