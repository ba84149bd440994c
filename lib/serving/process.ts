// The serving process as seen from web: one address, one secret. It pulls what to serve by itself every two seconds; the poke here only
// makes that sooner, so a poke that fails changes nothing.
import { env } from "#lib/kit/env.ts";
import { Problem } from "#lib/kit/problem.ts";
import type { InferRequest, InferResponse } from "#lib/serving/inference/contract.ts";

/** Headers that open the serving process in the name of a caller of one workspace. */
export const servingHeaders = (workspaceId: string, callerId: string): Record<string, string> => ({
  authorization: `Bearer ${env.internalSecret}`,
  "x-atelier-workspace": workspaceId,
  "x-atelier-caller": callerId,
});

/** Tells the serving process to look again, now. */
export const pokeServing = async (): Promise<void> => {
  await fetch(`${env.servingUrl}/internal/reload`, {
    method: "POST",
    headers: { authorization: `Bearer ${env.internalSecret}` },
    signal: AbortSignal.timeout(2000),
  }).catch(() => {});
};

const kindOf = (status: number) => (status === 404 ? "missing" : status === 413 ? "large" : status < 500 ? "invalid" : "unavailable");

/** One V2 request on behalf of a caller; the serving process's own sentence becomes the Problem. */
export const askServing = async (workspaceId: string, callerId: string, name: string, request: InferRequest): Promise<InferResponse> => {
  const answer = await fetch(`${env.servingUrl}/v2/models/${encodeURIComponent(name)}/infer`, {
    method: "POST",
    headers: { ...servingHeaders(workspaceId, callerId), "content-type": "application/json" },
    body: JSON.stringify(request),
    signal: AbortSignal.timeout(30_000),
  }).catch((cause: unknown) => {
    throw new Problem("unavailable", "serving.away", "The serving process does not answer; it starts again by itself. Try in a moment.", {
      cause,
    });
  });
  const body = (await answer.json()) as InferResponse & { error?: string };
  if (!answer.ok) throw new Problem(kindOf(answer.status), "serving.refused", body.error ?? `Serving answered ${answer.status}.`);
  return body;
};
