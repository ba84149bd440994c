// A question with what only the gateway knows beside it: the variables of the notebook's session, and the packages of its folder. Variables
// are asked of a session only when it rests and has done something since the last time.
import type { LiveVariable, Question, Reply } from "#kernel/language/messages.ts";
import type { LanguageService } from "#kernel/language/service.ts";

type Session = {
  journal: { last: () => number };
  model: (connections: number) => { execution_state: string };
  variables: () => Promise<Record<string, unknown> | null>;
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

/** Asks the language process about a notebook whose session this is; null: it has none. */
export const askAbout = async (language: LanguageService, question: Question, session: Session | null): Promise<Reply> => {
  const variables = session ? await variablesOf(session) : [];
  return language.ask(variables === undefined ? question : { ...question, variables });
};
