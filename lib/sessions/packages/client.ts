// Asking a machine to change packages, and to put them before a session that runs. The change is heard line by line; when whoever asked goes away,
// so does the connection, and with it the installation.
import { gatewayOf } from "#lib/devices/leases.ts";
import { env } from "#lib/kit/env.ts";
import { Problem } from "#lib/kit/problem.ts";
import { gatewayHeaders } from "#lib/sessions/kernel-client.ts";
import type { Change, Content, Lock, Manifest } from "#lib/sessions/packages/contract.ts";

export type Changed = { lock: Lock | null; content: Content };

const lostWords = "The kernel service was lost while it installed. Nothing was changed; it is being started again, try in a few seconds.";
const away = (cause: unknown): Problem => new Problem("unavailable", "packages.gateway", lostWords, { cause });

const post = (url: string, body: unknown, signal?: AbortSignal): Promise<Response> =>
  fetch(url, { method: "POST", headers: gatewayHeaders(), body: JSON.stringify(body), signal: signal ?? null });

/** JSON lines of a body as they come. */
const linesOf = async function* (body: ReadableStream<Uint8Array>): AsyncGenerator<Change> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line) as Change;
  }
};

type Wish = { manifest: Manifest; lock: string | null; kernelId: string | null };

/** Finds and installs what a manifest asks for, on the session's machine where one runs. */
export const changeAt = async (
  { kernelId, ...wish }: Wish,
  heard: (progress: { sentence: string; fraction: number | null }) => void,
  signal?: AbortSignal,
): Promise<Changed> => {
  const gateway = kernelId ? await gatewayOf(kernelId) : env.kernelUrl;
  try {
    const answer = await post(`${gateway}/api/packages`, wish, signal);
    if (!answer.ok || !answer.body) throw new Error(`the gateway answered ${answer.status}`);
    for await (const line of linesOf(answer.body)) {
      if (line.type === "progress") heard({ sentence: line.sentence, fraction: line.fraction });
      else if (line.type === "done") return { lock: line.lock, content: line.content };
      else throw new Problem(line.mayPass ? "unavailable" : "invalid", "packages.refused", line.message);
    }
    throw new Error("the gateway stopped speaking");
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (signal?.aborted) throw new Problem("conflict", "packages.stopped", "The installation was stopped. Nothing was changed.");
    throw away(error);
  }
};

/** Puts a lock's packages where a running session looks; without packages it finds none from then on. */
export const placeAt = async (kernelId: string, lock: Lock | null): Promise<void> => {
  const answer = await post(`${await gatewayOf(kernelId)}/api/kernels/${kernelId}/packages`, lock ?? {}).catch((cause: unknown) => {
    throw away(cause);
  });
  if (answer.ok) return;
  const { message } = (await answer.json().catch(() => ({}))) as { message?: string };
  throw new Problem("unavailable", "packages.placing", message ?? "The session could not be given the packages.");
};
