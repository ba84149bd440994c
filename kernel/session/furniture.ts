// What every cell finds in the global scope, what the SDK finds of the session, and what happens to errors nobody caught.
import { comms, connectComms } from "#kernel/session/comms.ts";
import { handles, show } from "#kernel/session/display.ts";
import { usingCtx } from "#kernel/session/disposal.ts";
import { tell } from "#kernel/session/evaluator.ts";
import { failureOf } from "#kernel/session/failure.ts";
import { input, promptNow } from "#kernel/session/input.ts";
import { markup, offerSdk } from "#kernel/session/markup.ts";
import type { Bundle, Shown } from "#kernel/session/messages.ts";
import { current } from "#kernel/session/streams.ts";
import { rememberFurniture } from "#kernel/session/variables.ts";
import { Interrupted } from "#kernel/session/waiting.ts";
import type { SessionPort } from "#lib/sdk/door.ts";

const scope = globalThis as Record<PropertyKey, unknown>;

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

type DisplayOptions = { raw?: boolean; display_id?: string; update?: boolean; metadata?: Bundle };
let displays = 0;

/** The global `display`: shows a value now and answers a handle whose `update` replaces it in place, in whichever cell it is. */
const display = (value: unknown, options: DisplayOptions = {}) => {
  const displayId = options.display_id ?? `display-${process.pid}-${++displays}`;
  const put = (what: unknown, isUpdate: boolean): void | Promise<void> => {
    const tellShown = (shown: Shown): void =>
      displayBundle(shown.data, { displayId, update: isUpdate, metadata: { ...shown.metadata, ...options.metadata } });
    const shown = options.raw ? { data: what as Bundle, metadata: {} } : show(what);
    return shown instanceof Promise ? shown.then(tellShown) : tellShown(shown);
  };
  let pending: Promise<void> | null = null;
  const inTurn = (work: () => void | Promise<void>): void | Promise<void> => {
    const made = pending ? pending.then(work) : work();
    if (!(made instanceof Promise)) return;
    const mine = made.finally(() => {
      if (pending === mine) pending = null;
    });
    pending = mine;
    return mine;
  };
  void inTurn(() => put(value, options.update === true));
  const handle = {
    display_id: displayId,
    /** Shows another value in the same place: at once, or after a display that takes its time. */
    update: (next: unknown): void | Promise<void> => inTurn(() => put(next, true)),
  };
  handles.add(handle);
  return handle;
};

const reportUncaught = (thrown: unknown, word: string): void => {
  if (thrown instanceof Interrupted) return;
  const failure = failureOf(thrown, "", 0);
  tell({ type: "failure", id: current()?.id ?? "", failure: { ...failure, ename: `${word}${failure.ename}` } });
};

/** Puts what every cell has into the global scope. */
export const furnish = (port: Pick<SessionPort, "doorPath" | "workDir" | "card" | "installed">): void => {
  connectComms(tell);
  const clear = (wait = false): void => tell({ type: "clear", id: current()?.id ?? "", wait });
  Object.assign(scope, { display, ...markup, input, prompt: promptNow, clear, babelHelpers: { usingCtx } });
  offerSdk(scope);
  const session = Object.freeze({
    display: displayBundle,
    ...port,
    comms,
    cell: () => current()?.cell ?? null,
    signal: () => current()?.signal ?? new AbortController().signal,
  });
  Object.defineProperty(scope, Symbol.for("atelier.session"), { value: session });
  process.on("unhandledRejection", (reason) => reportUncaught(reason, "Unhandled "));
  process.on("uncaughtException", (error) => reportUncaught(error, ""));
  rememberFurniture();
};
