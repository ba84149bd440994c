// Runs cells in the main thread's own global scope. Evaluation goes through the in-thread inspector, because V8 then stops a terminated
// script cleanly and the process lives on with all its variables.
//
// Surprise: nothing here awaits a cell's promise with `await`. Termination throws away queued microtasks, so a promise of ours could stay
// open for ever; instead callbacks finish an execution once, and an interrupt finishes it from outside.
import { Session } from "node:inspector";
import { inspect } from "node:util";
import { markup, show } from "#kernel/session/display.ts";
import { failureOf, interruption } from "#kernel/session/failure.ts";
import type { Bundle, Failure, News, Order } from "#kernel/session/messages.ts";
import { importModule, pick } from "#kernel/session/modules.ts";
import { say } from "#kernel/session/pipe.ts";
import { current, flush, type Running, running, setFallback } from "#kernel/session/streams.ts";
import { transformCell } from "#kernel/session/transform.ts";

type Execution = Extract<Order, { type: "execute" }>;
type Slot = { last: unknown; promise: Promise<unknown> | null; import: typeof importModule; pick: typeof pick };

const nothing = Symbol("nothing");
const slot: Slot = { last: nothing, promise: null, import: importModule, pick };
const scope = globalThis as Record<PropertyKey, unknown>;
Object.defineProperty(scope, Symbol.for("atelier.cell"), { value: slot });

const inspector = new Session();
inspector.connect();

let open: { order: Execution; abort: AbortController; finish: (failure: Failure | null, value: unknown) => void } | null = null;

const tell = (news: News): void => {
  flush();
  say(4, news);
};

type Answer = { exceptionDetails?: { text: string; exception?: { objectId?: string; description?: string; value?: unknown } } };

/** Evaluates in the global scope; answers what was thrown in a box, or null. A terminated script counts as thrown. */
const evaluate = (code: string, name: string): { thrown: unknown } | null => {
  let box: { thrown: unknown } | null = null;
  inspector.post(
    "Runtime.evaluate",
    { expression: `${code}\n//# sourceURL=${name}`, silent: true, includeCommandLineAPI: false },
    (error, answer) => {
      if (error) box = { thrown: interruption };
      const details = (answer as Answer | undefined)?.exceptionDetails;
      if (details) box = { thrown: thrownIn(details.exception) ?? new Error(details.text) };
    },
  );
  return box;
};

/** The thrown value itself, not its description: fetched by handing it to a function of ours. */
const thrownIn = (exception: NonNullable<Answer["exceptionDetails"]>["exception"]): unknown => {
  if (!exception?.objectId) return exception?.value ?? exception?.description;
  let found: unknown = exception.description;
  scope[Symbol.for("atelier.catch") as never] = (value: unknown) => {
    found = value;
  };
  inspector.post("Runtime.callFunctionOn", {
    objectId: exception.objectId,
    functionDeclaration: 'function () { globalThis[Symbol.for("atelier.catch")](this); }',
    silent: true,
  });
  inspector.post("Runtime.releaseObject", { objectId: exception.objectId });
  return found;
};

const isFailure = (value: unknown): value is Failure => value === interruption;

const settle = (order: Execution, failure: Failure | null, value: unknown): void => {
  if (failure || value === nothing || value === undefined || order.isSilent)
    return tell({ type: "done", id: order.id, ...(failure ? { failure } : {}) });
  show(value).then(
    (result) => tell({ type: "done", id: order.id, result }),
    () => tell({ type: "done", id: order.id }),
  );
};

/** Runs one cell; `done` is said exactly once, however it ends. */
export const execute = (order: Execution, then: () => void): void => {
  const abort = new AbortController();
  const context: Running = { id: order.id, cell: order.cell, signal: abort.signal, isSilent: order.isSilent };
  setFallback(context);
  let isOver = false;
  const finish = (failure: Failure | null, value: unknown): void => {
    if (isOver) return;
    isOver = true;
    open = null;
    settle(order, failure, value);
    then();
  };
  open = { order, abort, finish };
  running.run(context, () => begin(order, finish));
};

const begin = (order: Execution, finish: (failure: Failure | null, value: unknown) => void): void => {
  const fail = (thrown: unknown): void => finish(isFailure(thrown) ? thrown : failureOf(thrown, order.code, order.count), nothing);
  let code: string;
  try {
    code = transformCell(order.code).code;
  } catch (error) {
    return fail(error);
  }
  slot.last = nothing;
  slot.promise = null;
  const thrown = evaluate(code, `cell-${order.count}`);
  if (thrown) return fail(thrown.thrown);
  const { promise } = slot as Slot;
  if (!promise) return finish(null, slot.last);
  promise.then(() => finish(null, slot.last), fail);
};

/** Ends the open execution as interrupted; what it waits for may still come, but nobody listens any more. */
export const interrupt = (): void => {
  const was = open;
  if (!was) return;
  was.abort.abort();
  was.finish(interruption, nothing);
};

/** Shows a bundle under the cell that calls. */
const displayBundle = (data: Bundle, more: { displayId?: string; update?: boolean; metadata?: Bundle } = {}): void => {
  const id = current()?.id ?? "";
  tell({
    type: "display",
    id,
    data,
    metadata: more.metadata ?? {},
    ...(more.displayId ? { displayId: more.displayId } : {}),
    ...(more.update ? { update: true } : {}),
  });
};

type DisplayOptions = { raw?: boolean; display_id?: string; update?: boolean };
let displays = 0;

/** The global `display`: shows a value now and answers a handle whose `update` replaces it in place. */
const display = (value: unknown, options: DisplayOptions = {}) => {
  const displayId = options.display_id ?? `display-${process.pid}-${++displays}`;
  const put = async (what: unknown, isUpdate: boolean): Promise<void> => {
    const shown = options.raw ? { data: what as Bundle, metadata: {} } : await show(what);
    displayBundle(shown.data, { displayId, update: isUpdate, metadata: shown.metadata });
  };
  const first = put(value, options.update === true);
  return {
    display_id: displayId,
    update: (next: unknown) => first.then(() => put(next, true)),
    [Symbol.for("Jupyter.display")]: undefined,
  };
};

/** Puts what every cell has into the global scope. */
export const furnish = (port: { doorPath: string; workDir: string }): void => {
  Object.assign(scope, { display, ...markup, clear: (wait = false) => tell({ type: "clear", id: current()?.id ?? "", wait }) });
  const session = Object.freeze({
    display: displayBundle,
    ...port,
    cell: () => current()?.cell ?? null,
    signal: () => current()?.signal ?? new AbortController().signal,
  });
  Object.defineProperty(scope, Symbol.for("atelier.session"), { value: session });
  process.on("unhandledRejection", (reason) => {
    const failure = failureOf(reason, "", 0);
    tell({ type: "failure", id: current()?.id ?? "", failure: { ...failure, ename: `Unhandled ${failure.ename}` } });
  });
  process.on("uncaughtException", (error) => tell({ type: "failure", id: current()?.id ?? "", failure: failureOf(error, "", 0) }));
};

/** Completion and inspection on live values: names in scope, and members of what a dotted path leads to. */
export const consult = (order: Extract<Order, { type: "complete" | "inspect" }>): void => {
  const before = order.code.slice(0, order.cursor);
  const path = /([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*\.)?([\w$]*)$/.exec(before);
  const owner = (path?.[1] ?? "").split(".").filter(Boolean);
  const start = path?.[2] ?? "";
  const target = owner.reduce<unknown>(
    (value, name) => (value === null || value === undefined ? undefined : (value as Record<string, unknown>)[name]),
    scope,
  );
  if (order.type === "complete") {
    const names = new Set<string>();
    for (let at: unknown = target; at !== null && at !== undefined; at = Object.getPrototypeOf(at))
      for (const name of Object.getOwnPropertyNames(at)) if (name.startsWith(start) && /^[A-Za-z_$]/.test(name)) names.add(name);
    return tell({
      type: "reply",
      id: order.id,
      content: {
        status: "ok",
        matches: [...names].sort().slice(0, 200),
        cursor_start: order.cursor - start.length,
        cursor_end: order.cursor,
        metadata: {},
      },
    });
  }
  const rest = /^[\w$]*/.exec(order.code.slice(order.cursor))?.[0] ?? "";
  const value = target === null || target === undefined ? undefined : (target as Record<string, unknown>)[start + rest];
  const data = value === undefined ? {} : { "text/plain": inspect(value, { depth: 1, maxArrayLength: 20 }) };
  tell({ type: "reply", id: order.id, content: { status: "ok", found: value !== undefined, data, metadata: {} } });
};
