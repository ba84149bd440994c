// A question with what only the gateway knows beside it: the variables of the notebook's session, and the packages of its folder. Variables
// are asked of a session only when it rests and has done something since the last time.
import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Answers, Ask, LiveVariable, Question, Reply } from "#kernel/language/messages.ts";
import type { LanguageService } from "#kernel/language/service.ts";
import type { Completion } from "#lib/sessions/language/contract.ts";

type Session = {
  journal: { last: () => number };
  model: (connections: number) => { execution_state: string };
  variables: () => Promise<Record<string, unknown> | null>;
  complete: (code: string) => Promise<Record<string, unknown> | null>;
  /** The folder whose `node_modules` are the notebook's own packages, where it has any. */
  packageFolder?: () => string | null;
};
type Seen = { at: number; variables: LiveVariable[] };

const seen = new WeakMap<Session, Seen>();

const variablesOf = async (session: Session): Promise<LiveVariable[] | undefined> => {
  const known = seen.get(session);
  const at = session.journal.last();
  if (known?.at === at || session.model(0).execution_state !== "idle") return known?.variables;
  const found = (await session.variables())?.variables;
  if (!Array.isArray(found)) return known?.variables;
  const variables = (found as LiveVariable[]).map(({ name, type }) => ({ name, type }));
  seen.set(session, { at, variables });
  return variables;
};

/** npm writes this file whenever it changes what is installed. */
const stampOf = (folder: string): string =>
  String(statSync(join(folder, "node_modules/.package-lock.json"), { throwIfNoEntry: false })?.mtimeMs ?? 0);

/** Members of a value that only the session knows: types say no more of it than that it is an object. */
const membersOf = async (session: Session, before: string): Promise<Completion[]> => {
  if (!/[\p{ID_Continue}$]\.[\p{ID_Continue}$]*$/u.test(before) || session.model(0).execution_state !== "idle") return [];
  const found = (await session.complete(before))?.matches;
  return Array.isArray(found) ? found.map((name) => ({ name: String(name), kind: "property", sort: "11" })) : [];
};

/** Asks the language process about a notebook whose session this is; null: it has none, and then its packages are in the folder given. */
export const askAbout = async (
  language: LanguageService,
  question: Question,
  session: Session | null,
  installed: string | null = null,
): Promise<Reply> => {
  const variables = session ? await variablesOf(session) : [];
  const folder = session?.packageFolder?.() ?? installed;
  const packages = folder === null ? null : { folder, stamp: stampOf(folder) };
  const reply = await language.ask({ ...question, packages, ...(variables === undefined ? {} : { variables }) });
  const { ask } = question;
  if (reply.isStale || ask.type !== "complete" || !("items" in reply.answer)) return reply;
  if (!session || ask.before === undefined || reply.answer.items.length > 0) return reply;
  return { isStale: false, answer: { items: await membersOf(session, ask.before), isIncomplete: false } };
};

/** Asks about cells that are all sent along; null when the process was lost meanwhile. */
export const askAboutCells = async (
  language: LanguageService,
  notebook: string,
  cells: Map<string, string>,
  ask: Ask,
  session: Session | null,
): Promise<Answers[keyof Answers] | null> => {
  const question = { notebook, from: null, to: randomUUID(), order: [...cells.keys()], changed: Object.fromEntries(cells), ask };
  const reply = await askAbout(language, question, session);
  return reply.isStale ? null : reply.answer;
};
