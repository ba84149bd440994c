// `using` and `await using`, which this Node does not know yet: what was taken is given back in reverse order when the block (for a cell:
// the cell) ends, also after an error. The shape of the object is the one oxc's lowering calls: u and a take, e is what was thrown, d ends.

type Disposer = () => unknown;
type Taken = { dispose: Disposer; isAsync: boolean };

/** What one block took. */
export type Using = {
  e: unknown;
  u: <T>(value: T) => T;
  a: <T>(value: T) => T;
  d: () => unknown;
};

const noError = Symbol("no error");
const asyncDispose = Symbol.asyncDispose;
const syncDispose = Symbol.dispose;

const disposerOf = (value: unknown, isAsync: boolean): Disposer => {
  const at = value as Record<symbol, unknown>;
  const found = (isAsync ? (at[asyncDispose] ?? at[syncDispose]) : at[syncDispose]) as Disposer | undefined;
  if (typeof found !== "function")
    throw new TypeError(`This value cannot be given back: it has no [Symbol.${isAsync ? "asyncDispose" : "dispose"}]() method.`);
  return () => found.call(value);
};

const joined = (later: unknown, earlier: unknown): unknown =>
  earlier === noError
    ? later
    : Object.assign(new Error("Giving back failed after another error.", { cause: earlier }), {
        name: "SuppressedError",
        error: later,
        suppressed: earlier,
      });

/** Opens the list of one block. */
export const usingCtx = (): Using => {
  const taken: Taken[] = [];
  const take =
    (isAsync: boolean) =>
    <T>(value: T): T => {
      if (value !== null && value !== undefined) taken.push({ dispose: disposerOf(value, isAsync), isAsync });
      return value;
    };
  const list: Using = {
    e: noError,
    u: take(false),
    a: take(true),
    d: () => {
      const end = (): void => {
        if (list.e !== noError) throw list.e;
      };
      const step = (): unknown => {
        const last = taken.pop();
        if (!last) return end();
        const fail = (error: unknown): void => {
          list.e = joined(error, list.e);
        };
        let result: unknown;
        try {
          result = last.dispose();
        } catch (error) {
          fail(error);
        }
        return last.isAsync ? Promise.resolve(result).catch(fail).then(step) : step();
      };
      return step();
    },
  };
  return list;
};
