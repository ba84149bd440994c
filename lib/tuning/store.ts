// SQL of the tuning room. Whoever asks, reports or tells holds the study's row first, so a study is decided one step at a time.
import { and, asc, desc, eq, inArray, or, sql as raw } from "drizzle-orm";
import type { Scoped } from "#db";
import { tuningStudy, tuningTrial } from "#drizzle/tables/tuning.ts";
import { type Plan, planSchema, type Study, type Trial, type TrialState } from "#lib/tuning/contract.ts";
import type { Work } from "#lib/tuning/hand-course.ts";
import { bestOf, courseOf, type StoredTrial } from "#lib/tuning/rules.ts";

type StudyRow = typeof tuningStudy.$inferSelect;
type TrialRow = typeof tuningTrial.$inferSelect;
export type StoredStudy = { row: StudyRow; plan: Plan; pruner: Plan["pruner"] };

const toTrial = (row: TrialRow): StoredTrial => ({
  number: row.number,
  state: row.state as TrialState,
  params: row.params as Trial["params"],
  values: row.values,
  reports: row.reports as Trial["reports"],
  rungs: row.rungs,
  message: row.message,
  runNumber: row.runNumber,
  retryOf: row.retryOf,
  owner: row.owner,
  leaseUntil: row.leaseUntil,
  startedAt: row.startedAt.toISOString(),
  endedAt: row.endedAt?.toISOString() ?? null,
});

/** A trial without what only the study needs to know. */
export const shown = ({ rungs: _rungs, owner: _owner, leaseUntil: _lease, ...trial }: StoredTrial): Trial => trial;

export type Source = { notebookId: string; cellId: string; cellHash: string; revision: number };

/** The study as a noun; `titles` are those of the notebooks that studies came from. */
export const toStudy = ({ row, plan }: StoredStudy, trials: readonly StoredTrial[], titles: ReadonlyMap<string, string>): Study => {
  const source = row.source as Source | null;
  const work = row.work as Work | null;
  const of = (state: TrialState): number => trials.filter((one) => one.state === state).length;
  return {
    id: row.id,
    name: row.name,
    plan,
    status: row.status as Study["status"],
    counts: { running: of("running"), complete: of("complete"), pruned: of("pruned"), failed: of("failed"), lost: of("lost") },
    best: bestOf(plan, trials),
    course: courseOf(plan, trials),
    work: work && {
      notebookId: work.notebookId,
      title: titles.get(work.notebookId) ?? null,
      cellId: work.cells.at(-1)!.cellId,
      objective: work.objective,
      parallel: work.parallel,
      startedBy: work.startedBy,
    },
    source: source && { ...source, title: titles.get(source.notebookId) ?? null },
    createdBy: row.createdBy,
    createdAt: row.createdAt.toISOString(),
    changedAt: row.changedAt.toISOString(),
  };
};

const toStored = (row: StudyRow): StoredStudy => ({ row, plan: planSchema.parse(row.plan), pruner: row.pruner as Plan["pruner"] });

export const findStudy = async (at: Scoped, key: string, options: { lock?: boolean } = {}): Promise<StoredStudy | null> => {
  const query = at.sql
    .select()
    .from(tuningStudy)
    .where(and(eq(tuningStudy.workspaceId, at.workspaceId), or(eq(tuningStudy.id, key), eq(tuningStudy.name, key))));
  const [row] = options.lock ? await query.for("update") : await query;
  return row ? toStored(row) : null;
};

export const insertStudy = async (at: Scoped, row: Omit<StudyRow, "workspaceId">): Promise<void> => {
  await at.sql
    .insert(tuningStudy)
    .values({ ...row, workspaceId: at.workspaceId })
    .onConflictDoNothing();
};

export const updateStudy = async (
  at: Scoped,
  id: string,
  change: Partial<Pick<StudyRow, "status" | "pruner" | "changedAt" | "work">>,
): Promise<void> => {
  await at.sql
    .update(tuningStudy)
    .set(change)
    .where(and(eq(tuningStudy.id, id), eq(tuningStudy.workspaceId, at.workspaceId)));
};

/** Lets a study run more trials than it was opened with. */
export const widenBudget = async (at: Scoped, id: string, plan: Plan): Promise<void> => {
  await at.sql
    .update(tuningStudy)
    .set({ plan })
    .where(and(eq(tuningStudy.id, id), eq(tuningStudy.workspaceId, at.workspaceId)));
};

/** Trials of one study, by number without a gap. The caller found the study in its own workspace. */
export const trialsOf = async (at: Scoped, studyId: string): Promise<StoredTrial[]> =>
  (await at.sql.select().from(tuningTrial).where(eq(tuningTrial.studyId, studyId)).orderBy(asc(tuningTrial.number))).map(toTrial);

/** Studies, last changed first, each with its trials as far as a list needs them, at most 200; reports stay where they are. */
export const studies = async (at: Scoped): Promise<{ study: StoredStudy; trials: StoredTrial[] }[]> => {
  const rows = await at.sql
    .select()
    .from(tuningStudy)
    .where(eq(tuningStudy.workspaceId, at.workspaceId))
    .orderBy(desc(tuningStudy.changedAt))
    .limit(200);
  if (rows.length === 0) return [];
  const found = await at.sql
    .select({
      studyId: tuningTrial.studyId,
      number: tuningTrial.number,
      state: tuningTrial.state,
      values: tuningTrial.values,
      reports: raw<unknown>`'[]'::jsonb`,
    })
    .from(tuningTrial)
    .where(
      inArray(
        tuningTrial.studyId,
        rows.map((row) => row.id),
      ),
    )
    .orderBy(asc(tuningTrial.number));
  const blank = { params: {}, rungs: [], message: null, runNumber: null, retryOf: null, owner: "", leaseUntil: null, endedAt: null };
  const own = Map.groupBy(found, (one) => one.studyId);
  return rows.map((row) => ({
    study: toStored(row),
    trials: (own.get(row.id) ?? []).map((one) => toTrial({ ...blank, startedAt: row.createdAt, ...one })),
  }));
};

export const insertTrial = async (at: Scoped, row: typeof tuningTrial.$inferInsert): Promise<void> => {
  await at.sql.insert(tuningTrial).values(row);
};

/** Changes a running trial; what ended stays as it is (TU2). */
export const updateTrial = async (at: Scoped, studyId: string, number: number, change: Partial<TrialRow>): Promise<void> => {
  await at.sql
    .update(tuningTrial)
    .set(change)
    .where(and(eq(tuningTrial.studyId, studyId), eq(tuningTrial.number, number), eq(tuningTrial.state, "running")));
};
