// Runs cells in the main thread's own global scope. Evaluation goes through the in-thread inspector, because V8 then stops a terminated
// script cleanly and the process lives on with all its variables.
//
// Surprise: nothing here awaits a cell's promise with `await`. Termination throws away queued microtasks, so a promise of ours could stay
// open for ever; instead callbacks finish an execution once, and an interrupt finishes it from outside.
import { Session } from "node:inspector";
import { handles, show } from "#kernel/session/display.ts";
import { type Using, usingCtx } from "#kernel/session/disposal.ts";
import { failureOf, interruption, rememberLines } from "#kernel/session/failure.ts";
import { forgetQuestion } from "#kernel/session/input.ts";
import { npm } from "#kernel/session/magic.ts";
import type { ExpressionAnswer, Failure, News, Order, Shown } from "#kernel/session/messages.ts";
import { importModule, pick } from "#kernel/session/modules.ts";
import { say } from "#kernel/session/pipe.ts";
import { flush, type Running, running, setFallback } from "#kernel/session/streams.ts";
import { hook, transformCell } from "#kernel/session/transform.ts";
import { noteNames } from "#kernel/session/variables.ts";
import { each, wait } from "#kernel/session/waiting.ts";

type Execution = Extract<Order, { type: "execute" }>;
/** What a cell's script finds under the hook: a fresh one an execution, so that a cell stopped long ago cannot write into a later one. */
type Slot = {
  last: unknown;
  promise: Promise<unknown> | null;
  import: typeof importModule;
  pick: typeof pick;
  wait: typeof wait;
  each: typeof each;
  using: Using;
  npm: typeof npm;
};

const nothing = Symbol("nothing");
const scope = globalThis as Record<PropertyKey, unknown>;
const hookName = Symbol.for("atelier.cell");

const inspector = new Session();
inspector.connect();

let open: { order: Execution; abort: AbortController; finish: (failure: Failure | null, value: unknown) => void } | null = null;

/** Tells the gateway, after everything printed before. */
export const tell = (news: News): void => {
  flush();
  say(4, news);
};

const makeSlot = (): Slot => ({ last: nothing, promise: null, import: importModule, pick, wait, each, using: usingCtx(), npm });

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

/** Calls back with the bundle of a value, at once unless the value's own display needs time. */
const showThen = (value: unknown, then: (shown: Shown) => void): void => {
  const shown = show(value);
  if (shown instanceof Promise) shown.then(then);
  else then(shown);
};

/** Runs a source in the scope and calls back once with what it threw or with its last value. */
const perform = (source: string, count: number, then: (thrown: { thrown: unknown } | null, value: unknown) => void): string[] => {
  let transformed: ReturnType<typeof transformCell>;
  try {
    transformed = transformCell(source);
  } catch (error) {
    then({ thrown: error }, nothing);
    return [];
  }
  rememberLines(count, transformed.lineOf);
  const slot = makeSlot();
  Object.defineProperty(scope, hookName, { value: slot, configurable: true });
  const thrown = evaluate(transformed.code, `cell-${count}`);
  if (thrown) then(thrown, nothing);
  else if (!slot.promise) then(null, slot.last);
  else
    slot.promise.then(
      () => then(null, slot.last),
      (error: unknown) => then({ thrown: error }, nothing),
    );
  return transformed.names;
};

const settle = (order: Execution, failure: Failure | null, value: unknown): void => {
  const done = (more: { result?: Shown; failure?: Failure }): void => {
    if (more.failure || Object.keys(order.expressions).length === 0) return tell({ type: "done", id: order.id, ...more });
    answerExpressions(order, Object.entries(order.expressions), {}, (expressions) =>
      tell({ type: "done", id: order.id, ...more, expressions }),
    );
  };
  if (failure) return done({ failure });
  if (value === nothing || value === undefined || order.isSilent || handles.has(value as object)) return done({});
  showThen(value, (result) => done({ result }));
};

/** Evaluates one expression after the other; each answers for itself. */
const answerExpressions = (
  order: Execution,
  [first, ...rest]: [string, string][],
  sofar: Record<string, ExpressionAnswer>,
  then: (answers: Record<string, ExpressionAnswer>) => void,
): void => {
  if (!first) return then(sofar);
  const [name, source] = first;
  const put = (answer: ExpressionAnswer): void => answerExpressions(order, rest, { ...sofar, [name]: answer }, then);
  perform(source, order.count, (thrown, value) => {
    if (thrown) return put({ status: "error", ...failureOf(thrown.thrown, source, order.count) });
    showThen(value === nothing ? undefined : value, (shown) => put({ status: "ok", ...shown }));
  });
};

/** Runs one cell; `done` is said exactly once, however it ends. */
export const execute = (order: Execution, then: () => void): void => {
  const abort = new AbortController();
  const context: Running = { id: order.id, cell: order.cell, signal: abort.signal, isSilent: order.isSilent, canAsk: order.canAsk };
  setFallback(context);
  let isOver = false;
  const finish = (failure: Failure | null, value: unknown): void => {
    if (isOver) return;
    isOver = true;
    open = null;
    running.run(context, () => settle(order, failure, value));
    then();
  };
  open = { order, abort, finish };
  running.run(context, () => {
    const names = perform(order.code, order.count, (thrown, value) => {
      if (!thrown) return finish(null, value);
      finish(isFailure(thrown.thrown) ? thrown.thrown : failureOf(thrown.thrown, order.code, order.count), nothing);
    });
    noteNames(names, order.count, order.cell);
  });
};

/** Does once, before anybody waits for it, what the first cell would pay for: loading the compilers and the inspector's first evaluation. */
export const warmUp = (): void => {
  if (open) return;
  evaluate(transformCell("0 as number").code.replaceAll(hook, "({})"), "warm-up");
};

/** Ends the open execution as interrupted; what it waits for may still come, but its code is told to stop (waiting.ts). */
export const interrupt = (): void => {
  const was = open;
  if (!was) return;
  forgetQuestion();
  was.abort.abort();
  was.finish(interruption, nothing);
};
