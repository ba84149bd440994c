// The verbs that set the worker to a study: start its hands, stop the study, resume it with them.
import { newId } from "#lib/kit/ids.ts";
import { missing, Problem } from "#lib/kit/problem.ts";
import { type Scope, verb } from "#lib/kit/verb.ts";
import type { Cell } from "#lib/notebooks/contract.ts";
import { cellsAt } from "#lib/notebooks/service.ts";
import { findNotebook } from "#lib/notebooks/store.ts";
import { packagesOf } from "#lib/sessions/packages/store.ts";
import { chosen } from "#lib/sessions/remote/store.ts";
import * as contract from "#lib/tuning/contract.ts";
import { tuningEvents } from "#lib/tuning/contract.ts";
import type { Work } from "#lib/tuning/hand-course.ts";
import * as hands from "#lib/tuning/hand-store.ts";
import { spent } from "#lib/tuning/rules.ts";
import { findStudy, noun, touch } from "#lib/tuning/service.ts";
import * as store from "#lib/tuning/store.ts";

/** The code cells up to the one with the objective, with their text as it is now. */
const pinned = (cells: readonly Cell[], wanted: string): Work["cells"] => {
  const code = cells.filter((cell) => cell.cellType === "code");
  const last = code.findIndex((cell) => cell.id === wanted);
  if (last < 0)
    throw new Problem("missing", "tuning.cell_missing", "There is no such code cell in the notebook. Look at it and choose again.");
  return code
    .slice(0, last + 1)
    .map((cell, i) => ({ cellId: cell.id, position: i + 1, source: cell.source, hash: cell.hash }))
    .filter((cell) => cell.source.trim() !== "");
};

const living = (rows: readonly hands.HandRow[]): hands.HandRow[] =>
  rows.filter((one) => one.status === "queued" || one.status === "running");

/** Puts as many new hands to a study as its work asks for and are not there yet. */
const fill = async (scope: Scope, studyId: string, work: Work): Promise<void> => {
  const wanted = work.parallel - living(await hands.handsOf(scope, studyId)).length;
  await hands.insertHands(
    scope,
    Array.from({ length: Math.max(0, wanted) }, () => ({
      id: newId("tuning_hand", scope.now.getTime()),
      studyId,
      status: "queued",
      sentence: "Waits for the worker.",
      queuedAt: scope.now,
    })),
  );
  scope.emit(tuningEvents.hands, studyId);
};

export const workStudy = verb(contract.workStudy, async (scope, { study: key, notebook: notebookId, cell, objective, parallel }) => {
  const study = await findStudy(scope, key, { lock: true });
  const trials = await store.trialsOf(scope, study.row.id);
  if (spent(trials.filter((one) => one.state !== "running")) >= study.plan.trials)
    throw new Problem("conflict", "tuning.budget", `Every trial of ${study.row.name} has ended. Open it again with more trials first.`);
  const notebook = await findNotebook(scope, notebookId);
  if (!notebook) throw missing("notebook", notebookId);
  const elsewhere = await chosen(scope, notebook.id);
  if (elsewhere)
    throw new Problem(
      "conflict",
      "tuning.other_kernel",
      `${notebook.title} runs on ${elsewhere.choice.title} of ${elsewhere.server.name}, and trials run on Atelier's own kernel. Choose TypeScript for the notebook first.`,
    );
  const { cells, revision } = await cellsAt(scope, notebook.id);
  const work: Work = {
    notebookId: notebook.id,
    notebookRevision: revision,
    cells: pinned(cells, cell),
    packages: (await packagesOf(scope, notebook.id))?.now.key ?? null,
    objective,
    parallel,
    startedBy: scope.caller.name,
    userId: scope.caller.userId,
    role: scope.place.role,
  };
  if (work.cells.at(-1)?.cellId !== cell)
    throw new Problem("invalid", "tuning.empty_cell", "cell: It is empty. Choose the cell that defines the objective.");
  if (living(await hands.handsOf(scope, study.row.id)).length > 0)
    throw new Problem(
      "conflict",
      "tuning.at_work",
      `Sessions work on ${study.row.name} already. Stop it, and start again when they have ended.`,
    );
  await scope.audit("tuning.work", study.row.id, { notebook: notebook.id, cells: work.cells.map((one) => one.hash), objective, parallel });
  await fill(scope, study.row.id, work);
  await touch(scope, study, { work, status: "open" });
  return noun(scope, { ...study, row: { ...study.row, work, status: "open" } }, trials);
});

const setStatus = async (scope: Scope, key: string, status: "open" | "stopped") => {
  const study = await findStudy(scope, key, { lock: true });
  const trials = await store.trialsOf(scope, study.row.id);
  if (study.row.status !== status) {
    await touch(scope, study, { status });
    await scope.audit(status === "open" ? "tuning.resumed" : "tuning.stopped", study.row.id);
    if (status === "open" && study.row.work) await fill(scope, study.row.id, study.row.work as Work);
  }
  return noun(scope, { ...study, row: { ...study.row, status } }, trials);
};

export const stopStudy = verb(contract.stopStudy, (scope, { study }) => setStatus(scope, study, "stopped"));
export const resumeStudy = verb(contract.resumeStudy, (scope, { study }) => setStatus(scope, study, "open"));
