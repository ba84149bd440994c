// Writing to the gateway. Synchronous on purpose: order is kept, output appears while a loop runs, and a reader that falls behind slows
// the cell down instead of growing memory.
import { writeSync } from "node:fs";
import type { News } from "#kernel/session/messages.ts";

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Writes one line whole, however often the pipe is full. */
export const say = (descriptor: number, news: News): void => {
  const bytes = Buffer.from(`${JSON.stringify(news)}\n`);
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
      Atomics.wait(pause, 0, 0, 2);
    }
  }
};
