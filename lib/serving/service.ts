// The verbs of the serving room. A deployment is a row; the serving process finds it, loads the version, runs its sample and reports. The
// verb only waits for that report, so nothing is lost when anybody dies in between.
import { newId } from "#lib/kit/ids.ts";
import { cutPage, readCursor } from "#lib/kit/page.ts";
import { missing, Problem } from "#lib/kit/problem.ts";
import { type Scope, systemIn, verb, within } from "#lib/kit/verb.ts";
import type { Signature } from "#lib/models/contract.ts";
import { findVersion } from "#lib/models/store.ts";
import * as contract from "#lib/serving/contract.ts";
import { endpointEvents, isSettled, type Revision } from "#lib/serving/contract.ts";
import type { InferRequest } from "#lib/serving/inference/contract.ts";
import { predictions } from "#lib/serving/predictions-store.ts";
import { askServing, pokeServing } from "#lib/serving/process.ts";
import { modelOf, rollbackTarget, sampleRequest, settle } from "#lib/serving/rules.ts";
import * as store from "#lib/serving/store.ts";

const find = async (scope: Scope, key: string) => {
  const found = await store.findEndpoint(scope, key);
  if (!found) throw missing("endpoint", key);
  return found;
};

const stopped = (name: string): Problem =>
  new Problem("conflict", "serving.stopped", `${name} is stopped and lies in the trash. Start it again first.`);

export const listEndpoints = verb(contract.listEndpoints, async (scope, { limit, after, trash }) => {
  const rows = await store.endpoints(scope, { limit, after: readCursor(after), isTrash: trash });
  return cutPage(rows, limit, (row) => [row.name]);
});

export const readEndpoint = verb(contract.readEndpoint, async (scope, { endpoint }) => {
  const found = await find(scope, endpoint);
  const rows = await store.revisions(scope, found.id);
  const shown = rows.find((row) => row.id === found.current?.id) ?? rows[0];
  return {
    ...found,
    revisions: rows.map(store.toRevision),
    signature: (shown?.signature as Signature | undefined) ?? null,
    sample: (shown?.sample as InferRequest | null | undefined) ?? null,
  };
});

type Wanted = Pick<store.RevisionRow, "model" | "versionId" | "version" | "digest" | "signature" | "sample" | "reference" | "message">;

const insertRevision = async (scope: Scope, name: string, wanted: Wanted): Promise<Revision> => {
  const row = await store.ensureEndpoint(scope, {
    id: newId("endpoint", scope.now.getTime()),
    name,
    createdBy: scope.caller.name,
    createdAt: scope.now,
  });
  if (row.trashedAt) throw stopped(name);
  const served = modelOf((await store.revisions(scope, row.id)).map(store.toRevision));
  if (served !== null && served !== wanted.model)
    throw new Problem(
      "conflict",
      "serving.other_model",
      `${name} serves versions of ${served}. Serve ${wanted.model} at an endpoint of its own, so that their numbers stay apart.`,
    );
  const made = await store.insertRevision(scope, {
    ...wanted,
    id: newId("endpoint_revision", scope.now.getTime()),
    endpointId: row.id,
    number: await store.nextNumber(scope, row.id),
    status: "loading",
    by: scope.caller.name,
    at: scope.now,
  });
  await scope.audit("endpoint.revised", row.id, { endpoint: name, revision: made.number, model: wanted.model, version: wanted.version });
  scope.emit(endpointEvents.changed, row.id);
  scope.afterCommit(() => void pokeServing());
  return made;
};

/**
 * Waits for the serving process to settle a revision; answers it still loading when the time is over. "Serving" is answered only after the
 * process has looked again, so that whoever hears it can ask at once.
 */
const untilSettled = async (revision: Revision, waitMs: number, signal?: AbortSignal): Promise<Revision> => {
  const end = Date.now() + waitMs;
  for (let latest = revision; ; ) {
    if (isSettled(latest.status)) await pokeServing();
    if (isSettled(latest.status) || Date.now() >= end || signal?.aborted) return latest;
    await new Promise((resolve) => setTimeout(resolve, 40));
    const row = await store.findRevision(revision.id);
    if (!row) throw missing("endpoint_revision", revision.id);
    latest = store.toRevision(row);
  }
};

export const deploy = verb(
  contract.deploy,
  async (scope, { endpoint, model, version, waitMs }, { signal }) => {
    const found = await findVersion(scope, model, version);
    if (!found)
      throw new Problem(
        "missing",
        "model_version.missing",
        `There is no version ${version} of ${model} here. Look at the model's versions and aliases.`,
      );
    const { row } = found;
    const signature = row.signature as Signature;
    const wanted: Wanted = {
      model: found.version.model,
      versionId: row.id,
      version: row.number,
      digest: row.digest,
      signature,
      sample: sampleRequest(signature, row.sample),
      reference: row.profile,
      message: null,
    };
    const made = await scope.transact((inner) => insertRevision(inner, endpoint, wanted));
    return untilSettled(made, waitMs, signal);
  },
  { isUntransacted: true },
);

export const rollBack = verb(
  contract.rollBack,
  async (scope, { endpoint, revision, waitMs }, { signal }) => {
    const found = await find(scope, endpoint);
    const rows = await store.revisions(scope, found.id);
    const target = rollbackTarget(rows.map(store.toRevision), found.current, revision);
    if (!target)
      throw new Problem(
        revision === undefined ? "conflict" : "missing",
        revision === undefined ? "serving.nothing_before" : "endpoint_revision.missing",
        revision === undefined
          ? `No other version has served ${found.name} before. Deploy a version instead.`
          : `${found.name} has no other revision ${revision} that served. Look at its list of revisions.`,
      );
    const { model, versionId, version, digest, signature, sample, reference } = rows.find((row) => row.id === target.id)!;
    const message = `Rolled back to revision ${target.number}.`;
    const made = await scope.transact((inner) =>
      insertRevision(inner, found.name, { model, versionId, version, digest, signature, sample, reference, message }),
    );
    return untilSettled(made, waitMs, signal);
  },
  { isUntransacted: true },
);

const setTrash = async (scope: Scope, key: string, isTrash: boolean) => {
  const found = await find(scope, key);
  if ((found.trashedAt !== null) === isTrash) return found;
  await store.updateEndpoint(scope, found.id, { trashedAt: isTrash ? scope.now : null });
  await scope.audit(isTrash ? "endpoint.stopped" : "endpoint.started", found.id, { name: found.name });
  scope.emit(endpointEvents.changed, found.id);
  scope.afterCommit(pokeServing);
  return find(scope, found.id);
};

export const stopEndpoint = verb(contract.stopEndpoint, (scope, { endpoint }) => setTrash(scope, endpoint, true));
export const startEndpoint = verb(contract.startEndpoint, (scope, { endpoint }) => setTrash(scope, endpoint, false));

export const tryRequest = verb(
  contract.tryRequest,
  async (scope, { endpoint, request }) => {
    const found = await find(scope, endpoint);
    if (found.trashedAt) throw stopped(found.name);
    return askServing(scope.workspaceId, scope.caller.id, found.name, request);
  },
  { isUntransacted: true },
);

export const listPredictions = verb(contract.listPredictions, async (scope, { endpoint, limit, after, failed }) => {
  const found = await find(scope, endpoint);
  const rows = await predictions(scope, found.id, { limit, before: readCursor(after), isFailed: failed });
  const page = cutPage(rows, limit, (row) => [row.seq]);
  return { ...page, items: page.items.map(({ seq: _, ...shown }) => shown) };
});

/** What the serving process reports of a load, once: SV1 and SV2. A report that was heard before changes nothing. */
export const settleRevision = async (id: string, failure: string | null): Promise<void> => {
  const known = await store.findRevision(id);
  if (!known) return;
  await within(systemIn(known.workspaceId), known.workspaceId, async (scope) => {
    await store.lockEndpoint(scope, known.endpointId);
    const revisions = await store.revisions(scope, known.endpointId);
    const row = revisions.find((one) => one.id === id);
    if (row?.status !== "loading") return;
    const current = revisions.find((one) => one.status === "serving") ?? null;
    const { status, takesOver } = settle(row.number, failure, current);
    const at = scope.now;
    const message = failure ?? row.message;
    await store.updateRevision(scope, id, {
      status,
      message,
      servingAt: takesOver ? at : null,
      replacedAt: status === "replaced" ? at : null,
    });
    if (takesOver) {
      if (current) await store.updateRevision(scope, current.id, { status: "replaced", replacedAt: at });
      await store.updateEndpoint(scope, row.endpointId, { currentRevisionId: id });
    }
    await scope.audit(`endpoint.${status}`, row.endpointId, {
      revision: row.number,
      version: row.version,
      ...(failure ? { failure } : {}),
    });
    scope.emit(endpointEvents.changed, row.endpointId);
  });
};
