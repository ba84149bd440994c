// The verbs of the language service. The texts are what people in this process see at this moment, with the asking editor's own cell as it
// has it; the language process is sent only what changed since it was last asked about this notebook.
import { randomUUID } from "node:crypto";
import { missing, Problem } from "#lib/kit/problem.ts";
import { type Scope, verb } from "#lib/kit/verb.ts";
import { idOf, orderedCells, textOf, typeOf } from "#lib/notebooks/document.ts";
import { openDocument } from "#lib/notebooks/live-documents.ts";
import { loadDocument } from "#lib/notebooks/service.ts";
import { findNotebook } from "#lib/notebooks/store.ts";
import { askLanguage } from "#lib/sessions/kernel-client.ts";
import * as contract from "#lib/sessions/language/contract.ts";
import { type Consult, completeElsewhere, describeElsewhere, hoverElsewhere } from "#lib/sessions/language/elsewhere.ts";
import { tablesIn } from "#lib/sessions/language/tables.ts";
import { keyOfNotebook } from "#lib/sessions/packages/store.ts";
import { chosen } from "#lib/sessions/remote/store.ts";
import type { Runner } from "#lib/sessions/runner.ts";
import { runnerOf } from "#lib/sessions/runners.ts";

const mostNotebooks = 200;

/** What the language process holds of a notebook, as far as this process knows; `turn` keeps questions in order. */
type Sent = { state: string | null; texts: Map<string, string>; tables: number; turn: Promise<unknown> };
const sent = new Map<string, Sent>();

const sentTo = (notebook: string): Sent => {
  const known = sent.get(notebook) ?? { state: null, texts: new Map(), tables: 0, turn: Promise.resolve() };
  sent.delete(notebook);
  sent.set(notebook, known);
  if (sent.size > mostNotebooks) sent.delete(sent.keys().next().value!);
  return known;
};

type Cells = Map<string, string>;

const cellsNow = async (scope: Scope, notebook: string): Promise<Cells> => {
  const doc = (await openDocument(notebook)) ?? (await loadDocument(scope.sql, notebook));
  return new Map(
    orderedCells(doc)
      .filter((cell) => typeOf(cell) === "code")
      .map((cell) => [idOf(cell), textOf(cell).toString()]),
  );
};

/** The session of a notebook, for those who may run: its variables are told to nobody else. */
const sessionOf = async (scope: Scope, notebook: string): Promise<Runner | null> => {
  if (!scope.place.grants.has("run")) return null;
  const runner = await runnerOf(notebook)?.catch(() => null);
  return runner && !["none", "lost"].includes(runner.session().status) ? runner : null;
};

/** One exchange: what changed, and the question; again with everything when the process does not hold what that builds on. */
const exchange = async (scope: Scope, notebook: string, cells: Cells, question: object): Promise<unknown> => {
  const now = sentTo(notebook);
  const { key, tables } = await tablesIn(scope.workspaceId);
  const kernelId = (await sessionOf(scope, notebook))?.kernelId();
  const lock = await keyOfNotebook(scope, notebook);
  for (let attempt = 0; attempt < 3; attempt++) {
    const from = now.state;
    const to = randomUUID();
    const changed = [...cells].filter(([id, text]) => from === null || now.texts.get(id) !== text);
    const isNew = from === null || now.tables !== key;
    now.state = null; // what the process holds is known again when it has answered
    const answer = await askLanguage({
      notebook,
      from,
      to,
      order: [...cells.keys()],
      changed: Object.fromEntries(changed),
      ...(isNew ? { tables } : {}),
      ...(kernelId ? { kernelId } : {}),
      ...(lock ? { lock } : {}),
      ask: question,
    });
    if (answer.isStale) continue;
    Object.assign(now, { state: to, texts: cells, tables: key });
    return answer.answer;
  }
  throw new Problem("unavailable", "sessions.language_away", "The language service starts again. Ask once more in a moment.");
};

/** So much of a text before a position is enough to see the value whose members are asked for. */
const beforeChars = 300;

type Asked = { notebook: string; cellId?: string; source?: string };

const cellsOf = async (scope: Scope, { notebook, cellId, source }: Asked): Promise<Cells> => {
  if (!(await findNotebook(scope, notebook))) throw missing("notebook", notebook);
  const cells = await cellsNow(scope, notebook);
  if (cellId !== undefined) {
    if (!cells.has(cellId)) throw missing("cell", cellId);
    if (source !== undefined) cells.set(cellId, source);
  }
  return cells;
};

const consult = async (
  scope: Scope,
  asked: Asked,
  question: { type: string; offset?: number; [part: string]: unknown },
): Promise<never> => {
  const { notebook, cellId } = asked;
  const cells = await cellsOf(scope, asked);
  const { type, offset } = question;
  const before =
    type === "complete" && offset !== undefined ? cells.get(cellId!)!.slice(Math.max(0, offset - beforeChars), offset) : undefined;
  const held = sentTo(notebook);
  const mine = held.turn.catch(() => {}).then(() => exchange(scope, notebook, cells, { ...question, ...(before ? { before } : {}) }));
  held.turn = mine;
  return (await mine) as never;
};

/** Asks the kernel of others that a notebook chose; null when it chose none. Without a session on it nothing is known. */
const elsewhere = async <T>(
  scope: Scope,
  asked: Asked & { cellId: string; offset: number },
  ask: (consult: Consult, code: string, offset: number) => Promise<T>,
): Promise<T | null> => {
  if (!(await chosen(scope, asked.notebook))) return null;
  const code = (await cellsOf(scope, asked)).get(asked.cellId)!;
  const session = await sessionOf(scope, asked.notebook);
  return ask(session?.session().server ? session.consult : async () => null, code, Math.min(asked.offset, code.length));
};

const reading = { isUntransacted: true };

export const completeCell = verb(
  contract.completeCell,
  async (scope, { trigger, ...asked }) => {
    const { cellId, offset } = asked;
    const question = { type: "complete", cellId, offset, ...(trigger ? { trigger } : {}) };
    return (await elsewhere(scope, asked, completeElsewhere)) ?? (await consult(scope, asked, question));
  },
  reading,
);
export const describeCompletion = verb(
  contract.describeCompletion,
  async (scope, { name, ...asked }) => {
    const { cellId, offset } = asked;
    return (
      (await elsewhere(scope, asked, (ask, code, at) => describeElsewhere(ask, code, at, name))) ??
      (await consult(scope, asked, { type: "describe", cellId, offset, name }))
    );
  },
  reading,
);
export const signatureAt = verb(
  contract.signatureAt,
  (scope, { cellId, offset, ...at }) => consult(scope, { cellId, ...at }, { type: "signature", cellId, offset }),
  reading,
);
export const hoverAt = verb(
  contract.hoverAt,
  async (scope, asked) =>
    (await elsewhere(scope, asked, hoverElsewhere)) ??
    (await consult(scope, asked, { type: "hover", cellId: asked.cellId, offset: asked.offset })),
  reading,
);
export const diagnoseCells = verb(
  contract.diagnoseCells,
  (scope, { cells, ...at }) => consult(scope, at, { type: "diagnose", ...(cells ? { cells } : {}) }),
  reading,
);
export const definitionAt = verb(
  contract.definitionAt,
  (scope, { cellId, offset, ...at }) => consult(scope, { cellId, ...at }, { type: "definition", cellId, offset }),
  reading,
);
export const renameAt = verb(
  contract.renameAt,
  (scope, { cellId, offset, name, ...at }) =>
    consult(scope, { cellId, ...at }, { type: "rename", cellId, offset, ...(name === undefined ? {} : { name }) }),
  reading,
);
export const formatCell = verb(
  contract.formatCell,
  (scope, { cellId, span, ...at }) => consult(scope, { cellId, ...at }, { type: "format", cellId, ...(span ? { span } : {}) }),
  reading,
);
