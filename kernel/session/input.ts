// Asking the person at the screen from a cell: `await input("…")`, and `prompt("…")`, which stands still until the answer is there. The
// answer comes through the controller thread, which puts it on a port and then counts it, so that a sleeping main thread can be woken.
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { News } from "#kernel/session/messages.ts";
import { current } from "#kernel/session/streams.ts";

type Answer = { value: string };
type Line = { port: MessagePort; flags: Int32Array; tell: (news: News) => void };

/** The place in the shared flags where the controller counts answers. */
export const answersFlag = 2;

let line: Line | null = null;
let waiting: ((value: string) => void) | null = null;

export const connectInput = (to: Line): void => {
  line = to;
};

const putQuestion = (prompt: string, isPassword: boolean): Line => {
  const at = current();
  if (!line || !at?.canAsk)
    throw Object.assign(
      new Error("Nobody can be asked here: this run takes no input. Write the value into the cell, or run it in a notebook."),
      {
        name: "InputNotAllowed",
      },
    );
  line.tell({ type: "input", id: at.id, prompt, isPassword });
  return line;
};

/** Asks and waits without holding up timers; Stop ends the wait. */
export const input = (prompt: unknown = "", options: { password?: boolean } = {}): Promise<string> => {
  putQuestion(String(prompt), options.password === true);
  return new Promise((resolve) => {
    waiting = resolve;
  });
};

/** The browser's `prompt`: the whole session waits for the answer. */
export const promptNow = (prompt: unknown = ""): string => {
  const { port, flags } = putQuestion(String(prompt), false);
  for (;;) {
    const seen = Atomics.load(flags, answersFlag);
    const got = receiveMessageOnPort(port) as { message: Answer } | undefined;
    if (got) return got.message.value;
    Atomics.wait(flags, answersFlag, seen);
  }
};

/** Called when an answer was put on the port while the main thread was free. */
export const takeAnswer = (): void => {
  const got = line && (receiveMessageOnPort(line.port) as { message: Answer } | undefined);
  if (!got) return;
  const resolve = waiting;
  waiting = null;
  resolve?.(got.message.value);
};

/** An interrupted cell waits no longer. */
export const forgetQuestion = (): void => {
  waiting = null;
};
