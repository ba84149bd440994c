// Models in this process: bytes by digest on disk (checked against their name), sessions in memory, the least used let go first. A session
// is opened once however many ask for it at the same moment.
import { createHash } from "node:crypto";
import { createWriteStream, existsSync, mkdirSync, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as ort from "onnxruntime-node";

export type Library = {
  /** The session of a model; throws `Unreachable` when its bytes cannot be had now, anything else when the model itself is at fault. */
  open: (digest: string) => Promise<ort.InferenceSession>;
  openCount: () => number;
};

/** The bytes could not be fetched: nobody's fault, to be tried again. */
export class Unreachable extends Error {}

const sessionLimit = 48;
const smallBytes = 20_000_000;

const fetchModel = async (url: string, secret: string, digest: string, path: string): Promise<void> => {
  const answer = await fetch(`${url}/api/internal/serving/models/${digest}`, { headers: { authorization: `Bearer ${secret}` } }).catch(
    () => null,
  );
  if (answer?.status === 404) throw new Error("The model's bytes are not in the store. Register the version again.");
  if (!answer?.ok || !answer.body) throw new Unreachable(`web answered ${answer?.status ?? "nothing"}`);
  const draft = `${path}.${process.pid}.part`;
  const hash = createHash("sha256");
  try {
    const bytes = Readable.fromWeb(answer.body as never);
    bytes.on("data", (part: Buffer) => hash.update(part));
    await pipeline(bytes, createWriteStream(draft, { mode: 0o600 }));
  } catch (cause) {
    await rm(draft, { force: true });
    throw new Unreachable("the transfer broke", { cause });
  }
  if (hash.digest("hex") !== digest) {
    await rm(draft, { force: true });
    throw new Unreachable("the bytes do not match their digest");
  }
  await rename(draft, path);
};

/** Opens the library over a folder that outlives the process. */
export const openLibrary = (folder: string, url: string, secret: string): Library => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const sessions = new Map<string, Promise<ort.InferenceSession>>();

  const load = async (digest: string): Promise<ort.InferenceSession> => {
    if (!/^[0-9a-f]{64}$/.test(digest)) throw new Error("A model is named by 64 hexadecimal digits.");
    const path = join(folder, `${digest}.onnx`);
    if (!existsSync(path)) await fetchModel(url, secret, digest, path);
    const threads = statSync(path).size < smallBytes ? 1 : availableParallelism();
    return ort.InferenceSession.create(path, { intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 3 });
  };

  const letGo = (): void => {
    for (const [digest, session] of sessions) {
      if (sessions.size <= sessionLimit) return;
      sessions.delete(digest);
      void session.then((one) => setTimeout(() => void one.release(), 60_000).unref()).catch(() => {}); // requests in flight end first
    }
  };

  return {
    openCount: () => sessions.size,
    open: (digest) => {
      const known = sessions.get(digest);
      const session = known ?? load(digest);
      if (known) sessions.delete(digest);
      sessions.set(digest, session); // last in the map is last used
      if (!known) {
        session.catch(() => sessions.get(digest) === session && sessions.delete(digest));
        letGo();
      }
      return session;
    },
  };
};
