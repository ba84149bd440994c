// What the product asks of the library: to change what a notebook has, told line by line while it goes on and stopped when nobody reads any more;
// and to put what a lock holds where a kernel's sessions look.
import { PassThrough, type Readable } from "node:stream";
import { z } from "zod";
import type { Library, Telling } from "#kernel/packages/library.ts";
import { Unable } from "#kernel/packages/npm.ts";
import { log } from "#lib/kit/log.ts";
import { type Change, lockSchema, manifestSchema } from "#lib/sessions/packages/contract.ts";

type Kernel = { id: string; clear: () => void; place: (key: string, bring: () => Promise<string>) => Promise<void> };

const changeSchema = z.object({ manifest: manifestSchema, lock: z.string().nullable() });
const never = new AbortController().signal;
const silent: Telling = () => {};
const aliveMs = 20_000;

/** Changes packages; a stream of JSON lines, the last of which says how it ended. Closing the stream stops it. */
export const changePackages = (library: Library, body: unknown): Readable => {
  const { manifest, lock } = changeSchema.parse(body);
  const lines = new PassThrough();
  const stop = new AbortController();
  let last: Change = { type: "progress", sentence: "Begins.", fraction: null };
  const say = (line: Change): void => {
    last = line;
    if (!lines.destroyed) lines.write(`${JSON.stringify(line)}\n`);
  };
  const alive = setInterval(() => say(last), aliveMs); // a silent connection would be given up
  lines.once("close", () => stop.abort());
  const tell: Telling = (sentence, fraction) => say({ type: "progress", sentence, fraction });
  void library
    .change(manifest, lock, { signal: stop.signal, tell })
    .then(
      (made) => say({ type: "done", ...made }),
      (error: unknown) => {
        if (!(error instanceof Unable)) log.error("packages could not be changed", { error });
        const message =
          error instanceof Unable ? error.message : "The packages could not be installed for a reason of ours; the log has it.";
        say({ type: "refused", message, mayPass: !(error instanceof Unable) || error.mayPass });
      },
    )
    .finally(() => {
      clearInterval(alive);
      lines.end();
    });
  return lines;
};

/** Puts a lock's packages where the kernel looks, installing them when this machine has not; resolves when imports find them. No lock: it finds none. */
export const placePackages = async (library: Library, kernel: Kernel, body: unknown): Promise<void> => {
  if (typeof body === "object" && body !== null && !("key" in body)) return kernel.clear();
  const lock = lockSchema.parse(body);
  await kernel.place(lock.key, () => library.ensure(lock, { signal: never, tell: silent }));
};

/** The same for a kernel that just starts: its executions wait, and a failure is what its imports then say. */
export const bringPackages = (library: Library, kernel: Kernel, locks: unknown): void => {
  for (const lock of Array.isArray(locks) ? locks : [])
    void placePackages(library, kernel, lock).catch((error: unknown) =>
      log.warn("packages could not be placed", { kernel: kernel.id, error: error instanceof Error ? error.message : String(error) }),
    );
};
