// A verb is what an operation does: authorise, validate, run, and, for anything but a GET, all of it in one transaction together with
// its audit rows and outbox rows. Pages, REST, jobs and tests call the same function, so the same policy holds on every way in.
import { type Sql, snapshot, sql, transaction } from "#db";
import { writeAudit } from "#lib/kit/audit.ts";
import { now } from "#lib/kit/clock.ts";
import type { CallInputOf, Grant, InputOf, Operation, OutputOf } from "#lib/kit/operation.ts";
import { type News, writeNews } from "#lib/kit/outbox.ts";
import { missing, Problem } from "#lib/kit/problem.ts";

/** Who calls. A token or session is bound to one workspace; `system` is a job; `nobody` has not signed in. */
export type Caller = {
  kind: "person" | "token" | "session" | "system" | "nobody";
  id: string;
  userId: string | null;
  name: string;
  workspaceId: string | null;
  /** Role a token was minted with; a person's role is looked up. */
  role?: string;
  /** The cell that called, when the caller is a kernel session. */
  cell?: { notebookId: string; cellId: string; cellHash: string; revision: number; pipelineRunId?: string } | null;
};

export const nobody: Caller = { kind: "nobody", id: "nobody", userId: null, name: "nobody", workspaceId: null };
/** The house itself, acting for one workspace in a job. */
export const systemIn = (workspaceId: string): Caller => ({ kind: "system", id: "system", userId: null, name: "Atelier", workspaceId });

export type Place = { id: string; slug: string; name: string; grants: ReadonlySet<Grant>; role: string };

/** Finds the workspace a caller may enter and what it may do there; null means "missing" to this caller. Installed by the workspace room. */
export type Authority = (caller: Caller, slug: string) => Promise<Place | null>;

const shared = globalThis as { atelierAuthority?: Authority };
export const installAuthority = (authority: Authority): void => {
  shared.atelierAuthority = authority;
};

/** Everything a verb works with. `sql` is the open transaction (or the pool for a GET). */
export type Scope = {
  caller: Caller;
  workspaceId: string;
  place: Place;
  sql: Sql;
  now: Date;
  /** Records a change in the trail; `subject` is an id. */
  audit: (action: string, subject: string, detail?: Record<string, unknown>) => Promise<void>;
  /** Announces news; written last in the transaction. */
  emit: (topic: string, subject: string) => void;
  /** Runs after commit; failures are the caller's to log, the change stands. */
  afterCommit: (work: () => void | Promise<void>) => void;
  /** Opens a transaction inside an untransacted verb (uploads and other long work). */
  transact: <T>(work: (scope: Scope) => Promise<T>) => Promise<T>;
  /** Reads as of one moment, for an answer put together from several queries that must agree. Await nothing else inside. */
  snapshot: <T>(work: (scope: Scope) => Promise<T>) => Promise<T>;
};

export type Verb<O extends Operation = Operation> = ((caller: Caller, input: CallInputOf<O>, more?: Extra) => Promise<OutputOf<O>>) & {
  operation: O;
};

/** What travels beside the input: the bytes of an upload, the signal of a closed connection. */
export type Extra = { body?: NodeJS.ReadableStream; signal?: AbortSignal };

const noPlace: Place = { id: "", slug: "", name: "", grants: new Set(), role: "" };

const parse = <O extends Operation>(operation: O, input: unknown): InputOf<O> => {
  const parsed = operation.input.safeParse(input);
  if (parsed.success) return parsed.data as InputOf<O>;
  const fields = parsed.error.issues.map((issue) => ({ field: issue.path.join("."), message: issue.message }));
  const first = fields[0];
  throw new Problem(
    "invalid",
    "house.invalid",
    first?.field ? `${first.field}: ${first.message}` : (first?.message ?? "The input is not valid."),
    { detail: { fields } },
  );
};

const refuse = (grant: Grant, place: Place): Problem =>
  new Problem(
    "forbidden",
    "workspace.forbidden",
    `Your role here is ${place.role}, and this needs the right to ${grant}. Ask an owner of ${place.name} for a wider role.`,
  );

/** Where the caller may do this; 401 before anything else, 404 for a foreign workspace, 403 only for members. */
const authorise = async (operation: Operation, caller: Caller, input: unknown): Promise<Place> => {
  if (operation.grant === "open") return noPlace;
  if (caller.kind === "nobody")
    throw new Problem("unauthenticated", "workspace.unauthenticated", "Sign in, or send an API token as Authorization: Bearer.");
  if (operation.grant === "self") return noPlace;
  const slug = (input as { workspace?: unknown } | null)?.workspace;
  if (typeof slug !== "string") throw new Problem("invalid", "house.invalid", "workspace: Name the workspace by its slug.");
  const place = await shared.atelierAuthority?.(caller, slug);
  if (!place) throw missing("workspace", slug);
  if (!place.grants.has(operation.grant)) throw refuse(operation.grant, place);
  return place;
};

const openScope = (caller: Caller, place: Place, handle: Sql) => {
  const news: Omit<News, "id">[] = [];
  const later: (() => void | Promise<void>)[] = [];
  const at = now();
  const scope: Scope = {
    caller,
    place,
    workspaceId: place.id,
    sql: handle,
    now: at,
    audit: (action, subject, detail = {}) =>
      writeAudit(scope.sql, {
        workspaceId: place.id || null,
        at,
        actor: { kind: caller.kind, id: caller.id, name: caller.name },
        action,
        subject,
        detail,
      }),
    emit: (topic, subject) => void news.push({ workspaceId: place.id, topic, subject }),
    afterCommit: (work) => void later.push(work),
    transact: (work) => transacted(caller, place, work),
    snapshot: (work) => snapshot((tx) => work(openScope(caller, place, tx).scope)),
  };
  return { scope, news, later };
};

const transacted = async <T>(caller: Caller, place: Place, work: (scope: Scope) => Promise<T>): Promise<T> => {
  const later: (() => void | Promise<void>)[] = [];
  const result = await transaction(async (tx) => {
    const opened = openScope(caller, place, tx);
    const answer = await work(opened.scope);
    await writeNews(tx, opened.news, opened.scope.now);
    later.push(...opened.later);
    return answer;
  });
  for (const work of later) await work();
  return result;
};

/** Makes the verb of an operation. GETs and verbs declared `untransacted` run outside a transaction. */
export const verb = <O extends Operation>(
  operation: O,
  run: (scope: Scope, input: InputOf<O>, extra: Extra) => Promise<OutputOf<O>>,
  more: { isUntransacted?: boolean } = {},
): Verb<O> => {
  const perform = async (caller: Caller, input: CallInputOf<O>, extra: Extra = {}): Promise<OutputOf<O>> => {
    const place = await authorise(operation, caller, input);
    const valid = parse(operation, input);
    if (operation.method === "GET" || more.isUntransacted) return run(openScope(caller, place, sql()).scope, valid, extra);
    return transacted(caller, place, (scope) => run(scope, valid, extra));
  };
  return Object.assign(perform, { operation });
};

/** What long-lived parts (sockets, streams, runners) read with, outside of any transaction; a verb has its scope instead. */
export const reading = (): Sql => sql();

/** Work in a workspace that is not an operation (jobs, runners): the same transaction, audit and news, as the given caller. */
export const within = <T>(caller: Caller, workspaceId: string, work: (scope: Scope) => Promise<T>): Promise<T> =>
  transacted(caller, { ...noPlace, id: workspaceId }, work);

/** Every verb exported by a module of services; what boot mounts. */
export const verbsOf = (...modules: Record<string, unknown>[]): Verb[] =>
  modules.flatMap((module) => Object.values(module).filter((value): value is Verb => typeof value === "function" && "operation" in value));
