// SQL of the evaluation room: rows in, nouns out. Reports are read only where one is asked for.
import { and, desc, eq, getTableColumns, inArray, isNull, lt, or, sql as raw } from "drizzle-orm";
import { type Scoped, sql } from "#db";
import { evaluation, evaluationSuite } from "#drizzle/tables/evaluation.ts";
import {
  type Evaluation,
  type Plan,
  planSchema,
  type Report,
  type Status,
  type Suite,
  type WholeEvaluation,
} from "#lib/evaluation/contract.ts";

type SuiteRow = typeof evaluationSuite.$inferSelect;
export type EvaluationRow = typeof evaluation.$inferSelect;

const toSuite = (row: SuiteRow): Suite => ({
  ...planSchema.parse(row.plan),
  id: row.id,
  name: row.name,
  revision: row.revision,
  updatedBy: row.updatedBy,
  updatedAt: row.updatedAt.toISOString(),
});

const versionOf = (model: string | null, version: number | null, digest: string | null): Evaluation["judged"] =>
  model && version !== null && digest ? { model, version, digest } : null;

type Headed = Omit<EvaluationRow, "report" | "signature" | "baselineSignature"> & { metrics: unknown; suite: string };

const toEvaluation = (row: Headed): Evaluation => {
  const plan = planSchema.parse(row.plan);
  const metrics = (row.metrics ?? []) as Report["metrics"];
  const first = metrics.find((one) => one.name === plan.metrics[0]) ?? metrics[0];
  return {
    id: row.id,
    number: row.number,
    suite: row.suite,
    suiteRevision: row.suiteRevision,
    status: row.status as Status,
    plan,
    dataset: { name: row.dataset, version: row.datasetVersion },
    judged: versionOf(row.model, row.modelVersion, row.digest),
    baseline: versionOf(row.baselineModel, row.baselineVersion, row.baselineDigest),
    rowsDone: row.rowsDone,
    rowsTotal: row.rowsTotal,
    sentence: row.sentence,
    isPassed: row.isPassed,
    findings: row.findings,
    headline: first ? { name: first.name, value: first.value, low: first.low, high: first.high } : null,
    startedBy: row.startedBy,
    queuedAt: row.queuedAt.toISOString(),
    endedAt: row.endedAt?.toISOString() ?? null,
  };
};

export const findSuite = async (
  at: Scoped,
  key: string,
  options: { lock?: boolean } = {},
): Promise<{ suite: Suite; plan: Plan } | null> => {
  const query = at.sql
    .select()
    .from(evaluationSuite)
    .where(and(eq(evaluationSuite.workspaceId, at.workspaceId), or(eq(evaluationSuite.id, key), eq(evaluationSuite.name, key))));
  const [row] = options.lock ? await query.for("update") : await query;
  return row ? { suite: toSuite(row), plan: planSchema.parse(row.plan) } : null;
};

export const suites = async (at: Scoped): Promise<Suite[]> =>
  (
    await at.sql
      .select()
      .from(evaluationSuite)
      .where(eq(evaluationSuite.workspaceId, at.workspaceId))
      .orderBy(desc(evaluationSuite.updatedAt))
      .limit(500)
  ).map(toSuite);

/** Writes a suite under its name, new or as its next revision. */
export const putSuite = async (at: Scoped, row: Omit<SuiteRow, "workspaceId">): Promise<Suite> => {
  const { plan, revision, updatedBy, updatedAt } = row;
  const [made] = await at.sql
    .insert(evaluationSuite)
    .values({ ...row, workspaceId: at.workspaceId })
    .onConflictDoUpdate({
      target: [evaluationSuite.workspaceId, evaluationSuite.name],
      set: { plan, revision, updatedBy, updatedAt },
    })
    .returning();
  return toSuite(made!);
};

const { report: _report, signature: _signature, baselineSignature: _other, ...light } = getTableColumns(evaluation);
const headed = { ...light, metrics: raw<unknown>`${evaluation.report} -> 'metrics'`, suite: evaluationSuite.name };

export type Filter = { suiteId?: string; model?: string; version?: number; number?: number };
const matching = (at: Scoped, { suiteId, model, version, number }: Filter) =>
  and(
    eq(evaluation.workspaceId, at.workspaceId),
    suiteId === undefined ? undefined : eq(evaluation.suiteId, suiteId),
    model === undefined ? undefined : eq(evaluation.model, model),
    version === undefined ? undefined : eq(evaluation.modelVersion, version),
    number === undefined ? undefined : eq(evaluation.number, number),
  );

/** Evaluations, newest first, at most 200. */
export const evaluations = async (at: Scoped, filter: Filter = {}): Promise<Evaluation[]> =>
  (
    await at.sql
      .select(headed)
      .from(evaluation)
      .innerJoin(evaluationSuite, eq(evaluationSuite.id, evaluation.suiteId))
      .where(matching(at, filter))
      .orderBy(desc(evaluation.number))
      .limit(200)
  ).map(toEvaluation);

/** The newest evaluation of each suite with how many there are. */
export const newest = async (at: Scoped): Promise<Map<string, { latest: Evaluation; count: number }>> => {
  const counts = await at.sql
    .select({ suiteId: evaluation.suiteId, count: raw<string>`count(*)`, last: raw<number>`max(${evaluation.number})` })
    .from(evaluation)
    .where(eq(evaluation.workspaceId, at.workspaceId))
    .groupBy(evaluation.suiteId);
  const numbers = counts.map((one) => Number(one.last));
  if (numbers.length === 0) return new Map();
  const rows = await at.sql
    .select(headed)
    .from(evaluation)
    .innerJoin(evaluationSuite, eq(evaluationSuite.id, evaluation.suiteId))
    .where(and(eq(evaluation.workspaceId, at.workspaceId), inArray(evaluation.number, numbers)));
  return new Map(
    rows.map((row) => [
      row.suiteId,
      { latest: toEvaluation(row), count: Number(counts.find((one) => one.suiteId === row.suiteId)!.count) },
    ]),
  );
};

export const findEvaluation = async (at: Scoped, number: number): Promise<WholeEvaluation | null> => {
  const [row] = await at.sql
    .select({ ...headed, report: evaluation.report })
    .from(evaluation)
    .innerJoin(evaluationSuite, eq(evaluationSuite.id, evaluation.suiteId))
    .where(matching(at, { number }));
  return row ? { ...toEvaluation(row), report: row.report as Report | null } : null;
};

/** Queues an evaluation under the next number; the caller holds the suite's row, the unique index the rest. */
export const insertEvaluation = async (
  at: Scoped,
  row: Omit<typeof evaluation.$inferInsert, "workspaceId" | "number">,
): Promise<number> => {
  await at.sql.execute(raw`select pg_advisory_xact_lock(hashtext(${`evaluation ${at.workspaceId}`}))`);
  const [last] = await at.sql
    .select({ n: raw<string>`coalesce(max(${evaluation.number}), 0)` })
    .from(evaluation)
    .where(eq(evaluation.workspaceId, at.workspaceId));
  const number = Number(last!.n) + 1;
  await at.sql.insert(evaluation).values({ ...row, number, workspaceId: at.workspaceId });
  return number;
};

/** Ends what waits or runs; false when it had ended. */
export const stopEvaluation = async (at: Scoped, id: string, sentence: string, endedAt: Date): Promise<boolean> =>
  (
    await at.sql
      .update(evaluation)
      .set({ status: "stopped", sentence, endedAt, leaseOwner: null, leaseUntil: null })
      .where(and(eq(evaluation.id, id), eq(evaluation.workspaceId, at.workspaceId), inArray(evaluation.status, ["queued", "running"])))
      .returning({ id: evaluation.id })
  ).length > 0;

/** Takes the oldest evaluation that waits or whose worker is gone, and counts the attempt (EV2). */
export const claimEvaluation = async (owner: string, until: Date, at: Date): Promise<EvaluationRow | null> => {
  const waiting = sql()
    .select({ id: evaluation.id })
    .from(evaluation)
    .where(and(inArray(evaluation.status, ["queued", "running"]), or(isNull(evaluation.leaseUntil), lt(evaluation.leaseUntil, at))))
    .orderBy(evaluation.queuedAt)
    .limit(1)
    .for("update", { skipLocked: true });
  const [row] = await sql()
    .update(evaluation)
    .set({ status: "running", leaseOwner: owner, leaseUntil: until, attempts: raw`${evaluation.attempts} + 1` })
    .where(eq(evaluation.id, raw`(${waiting})`))
    .returning();
  return row ?? null;
};

const held = (id: string, owner: string) => and(eq(evaluation.id, id), eq(evaluation.leaseOwner, owner), eq(evaluation.status, "running"));

/** Renews the lease; false when it was stopped or another worker holds it. */
export const renewLease = async (id: string, owner: string, until: Date): Promise<boolean> =>
  (await sql().update(evaluation).set({ leaseUntil: until }).where(held(id, owner)).returning({ id: evaluation.id })).length > 0;

export const putProgress = async (
  at: Scoped,
  id: string,
  owner: string,
  progress: Pick<EvaluationRow, "rowsDone" | "rowsTotal" | "sentence">,
): Promise<boolean> => (await at.sql.update(evaluation).set(progress).where(held(id, owner)).returning({ id: evaluation.id })).length > 0;

/** Ends an evaluation, once: false when somebody else ended it or holds it now. */
export const finishEvaluation = async (
  at: Scoped,
  id: string,
  owner: string,
  change: Partial<typeof evaluation.$inferInsert>,
): Promise<boolean> =>
  (
    await at.sql
      .update(evaluation)
      .set({ ...change, leaseOwner: null, leaseUntil: null })
      .where(and(held(id, owner), eq(evaluation.workspaceId, at.workspaceId)))
      .returning({ id: evaluation.id })
  ).length > 0;
