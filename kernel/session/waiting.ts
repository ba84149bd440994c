// Every `await` of a cell's own code goes through here, so that Stop reaches code that is not running at this moment. When the execution
// it belongs to was interrupted, the first await that comes back throws (so `finally` blocks run), and every later one never comes back:
// a loop that catches everything would otherwise go on for ever. Written as async functions, because V8 then keeps the async stack.
import { interruption } from "#kernel/session/failure.ts";
import { type Running, running } from "#kernel/session/streams.ts";

const never = new Promise<never>(() => {});

/** What interrupted code sees; reported nowhere, because the cell has already been ended. */
export class Interrupted extends Error {
  constructor() {
    super(interruption.evalue);
    this.name = "Interrupted";
  }
}

const checkStop = (at: Running): Promise<never> => {
  if (at.hasHeardStop) return never;
  at.hasHeardStop = true;
  throw new Interrupted();
};

/** The value of `await value` in a cell. */
export const wait = async (value: unknown): Promise<unknown> => {
  const at = running.getStore();
  let result: unknown;
  try {
    result = await value;
  } catch (error) {
    if (at?.signal.aborted && !(error instanceof Interrupted)) await checkStop(at);
    throw error;
  }
  if (at?.signal.aborted) await checkStop(at);
  return result;
};

/** The iterable of a cell's `for await`. */
export async function* each(from: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<unknown> {
  const inner = (from as AsyncIterable<unknown>)[Symbol.asyncIterator]?.() ?? (from as Iterable<unknown>)[Symbol.iterator]();
  let isOver = false;
  try {
    for (;;) {
      const one = (await wait(inner.next())) as IteratorResult<unknown>;
      isOver = one.done === true;
      if (isOver) return;
      yield await wait(one.value);
    }
  } finally {
    if (!isOver) await inner.return?.(undefined);
  }
}
