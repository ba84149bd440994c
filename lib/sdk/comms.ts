// Talking with a front end outside executions: Jupyter's comms, for widgets and views of one's own.
import { Problem } from "#lib/kit/problem.ts";
import { session } from "#lib/sdk/door.ts";

type Received = { data: unknown; metadata: Record<string, unknown>; buffers: Uint8Array[] };
type More = { buffers?: Uint8Array[]; metadata?: Record<string, unknown> };

/** An open line to a front end. */
export type Comm = {
  id: string;
  target: string;
  send: (data: unknown, more?: More) => void;
  close: (data?: unknown) => void;
  onMessage: (listener: (message: Received) => unknown) => void;
  onClose: (listener: (message: Received) => unknown) => void;
};

const own = () => {
  const found = session()?.comms;
  if (!found) throw new Problem("unavailable", "sdk.outside", "This needs a session of Atelier. Run it in a notebook cell.");
  return found;
};

/**
 * Waits for front ends under a name; the handler gets each comm that is opened to it.
 * @example
 * comms.register("counter", (comm) => { let n = 0; comm.onMessage(() => comm.send({ n: ++n })); });
 */
export const register = (target: string, handler: (comm: Comm, opened: Received) => unknown): void => own().register(target, handler);

/**
 * Opens a comm to a front end that knows the name.
 * @example
 * const comm = comms.open("counter", { n: 0 });
 * comm.send({ n: 1 });
 */
export const open = (target: string, data: unknown = {}, more: More = {}): Comm => own().open(target, data, more);
