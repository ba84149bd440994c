// Decisions of the serving room without I/O: which request proves a version, where a roll back goes, what a finished load means.
import type { Signature } from "#lib/models/contract.ts";
import { hasServed, type Revision, type RevisionStatus } from "#lib/serving/contract.ts";
import { columnsOfRows, type InferRequest, requestOfColumns } from "#lib/serving/inference/contract.ts";

/** A V2 request made of a version's sample rows; null when there are none or they lack a column the signature takes. */
export const sampleRequest = (signature: Signature, sample: readonly Record<string, unknown>[]): InferRequest | null => {
  if (sample.length === 0) return null;
  const columns = columnsOfRows(signature, sample.slice(0, 5));
  return signature.inputs.every(({ name }) => name in columns) ? requestOfColumns(signature, columns) : null;
};

/** The revision a roll back returns to: the named one, or the newest that served before the current with another version. */
export const rollbackTarget = (revisions: readonly Revision[], current: Revision | null, wanted?: number): Revision | null => {
  const able = revisions.filter((one) => hasServed(one.status) && one.id !== current?.id);
  if (wanted !== undefined) return able.find((one) => one.number === wanted) ?? null;
  const before = able.filter((one) => !current || (one.number < current.number && one.version !== current.version));
  return before.sort((a, b) => b.number - a.number)[0] ?? null;
};

/** SV8: the model that an endpoint serves or is about to; null while nothing has come up. */
export const modelOf = (revisions: readonly Pick<Revision, "number" | "model" | "status">[]): string | null =>
  revisions
    .filter((one) => one.status !== "failed")
    .reduce<(typeof revisions)[number] | null>((a, b) => (a && a.number > b.number ? a : b), null)?.model ?? null;

/** What becomes of a revision whose load ended: SV1 and SV2. A late success below the current revision never takes over. */
export const settle = (
  number: number,
  failure: string | null,
  current: { number: number } | null,
): { status: RevisionStatus; takesOver: boolean } => {
  if (failure !== null) return { status: "failed", takesOver: false };
  return current && current.number > number ? { status: "replaced", takesOver: false } : { status: "serving", takesOver: true };
};
