// The verbs of npm packages. A machine finds the versions and installs them; only then the notebook's row changes, so a change is whole or is not.
// Two at once for one notebook are refused, and one that was overtaken elsewhere too.
import { missing, Problem } from "#lib/kit/problem.ts";
import { type Extra, type Scope, verb } from "#lib/kit/verb.ts";
import { findNotebook } from "#lib/notebooks/store.ts";
import { changeAt, placeAt } from "#lib/sessions/packages/client.ts";
import * as contract from "#lib/sessions/packages/contract.ts";
import { changesIn, noteOn, wanted } from "#lib/sessions/packages/rules.ts";
import * as store from "#lib/sessions/packages/store.ts";
import { chosen } from "#lib/sessions/remote/store.ts";
import { runnerOf } from "#lib/sessions/runners.ts";

const installing = new Map<string, contract.InstallProgress>();

const mustExist = async (scope: Scope, notebook: string) => {
  const found = await findNotebook(scope, notebook);
  if (!found) throw missing("notebook", notebook);
  return found;
};

const shown = async (scope: Scope, notebook: string): Promise<contract.Packages> => {
  const found = await store.packagesOf(scope, notebook);
  return {
    ...(found?.lock?.content ?? contract.emptyContent),
    lock: found?.lock?.key ?? null,
    changedBy: found?.now.changedBy ?? null,
    changedAt: found?.now.changedAt.toISOString() ?? null,
    installing: installing.get(notebook) ?? null,
  };
};

export const listPackages = verb(contract.listPackages, async (scope, { notebook }) => {
  await mustExist(scope, notebook);
  return shown(scope, notebook);
});

export const readLock = verb(contract.readLock, async (scope, { notebook }) => {
  await mustExist(scope, notebook);
  const found = (await store.packagesOf(scope, notebook))?.lock;
  if (!found) throw missing("lock of", notebook);
  return {
    manifest: { name: "notebook", private: true, dependencies: found.manifest },
    lock: JSON.parse(found.lock) as Record<string, unknown>,
  };
});

/** Whether this notebook's packages may be changed now, by this caller. */
const refuse = async (scope: Scope, notebook: string): Promise<void> => {
  const { title, trashedAt } = await mustExist(scope, notebook);
  if (trashedAt) throw new Problem("conflict", "notebooks.trashed", `${title} is in the trash. Restore it before changing its packages.`);
  if (scope.caller.cell?.pipelineRunId)
    throw new Problem(
      "conflict",
      "packages.pinned",
      "A pipeline run installs nothing: change the packages of the notebook and promote again.",
    );
  const elsewhere = await chosen(scope, notebook);
  if (elsewhere)
    throw new Problem(
      "conflict",
      "packages.elsewhere",
      `${title} runs on ${elsewhere.choice.title} of ${elsewhere.server.name}, and npm packages are for Atelier's own kernel. Choose TypeScript for the notebook first.`,
    );
};

/** The notebook's session, where one runs or is about to. */
const sessionOf = async (notebook: string): Promise<{ kernelId: string; isStarting: boolean } | null> => {
  const runner = await runnerOf(notebook)?.catch(() => null);
  const status = runner?.session().status ?? "none";
  return runner && !["none", "lost"].includes(status) ? { kernelId: runner.kernelId(), isStarting: status === "starting" } : null;
};

const startTries = 10;
const startTryMs = 300;

/** Gives the session what was installed; null when none runs, or one that still waits for its machine and will take it from there. */
const give = async (notebook: string, lock: contract.Lock | null): Promise<boolean | null> => {
  for (let tries = 0; tries < startTries; tries++) {
    const session = await sessionOf(notebook);
    if (!session) return null;
    const isGiven = await placeAt(session.kernelId, lock).then(
      () => true,
      () => false,
    );
    if (isGiven || !session.isStarting) return isGiven;
    await new Promise((resolve) => setTimeout(resolve, startTryMs));
  }
  return null;
};

const alter = async (scope: Scope, notebook: string, change: contract.PackageChange, { signal }: Extra) => {
  await refuse(scope, notebook);
  const running = installing.get(notebook);
  if (running)
    throw new Problem(
      "conflict",
      "packages.busy",
      `${running.by} installs packages for this notebook at this moment. Wait for its end, or stop it.`,
    );
  const tell = (progress: { sentence: string; fraction: number | null }): void =>
    void installing.set(notebook, { ...progress, by: scope.caller.name });
  tell({ sentence: "Begins.", fraction: null });
  try {
    const was = (await store.packagesOf(scope, notebook))?.lock ?? null;
    const manifest = wanted(was?.manifest ?? {}, change);
    const at = await sessionOf(notebook);
    const made = await changeAt({ manifest, lock: was?.lock ?? null, kernelId: at && !at.isStarting ? at.kernelId : null }, tell, signal);
    await scope.transact(async (inner) => {
      const by = { name: inner.caller.name, at: inner.now };
      if ((await store.keyForChange(inner, notebook, by)) !== (was?.key ?? null))
        throw new Problem(
          "conflict",
          "packages.moved",
          "Somebody changed the packages of this notebook meanwhile. Look again, and then change yours.",
        );
      await store.putPackages(inner, notebook, made, by);
      await inner.audit(`packages.${change.verb}`, notebook, {
        name: change.name,
        changes: changesIn(was?.content.items ?? [], made.content.items),
        lock: made.lock?.key ?? null,
      });
      inner.emit(contract.packageEvents.changed, notebook);
    });
    const placed = await give(notebook, made.lock);
    return noteOn({ change, was: was?.content.items ?? [], now: made.content, placed });
  } finally {
    installing.delete(notebook);
  }
};

export const addPackage = verb(
  contract.addPackage,
  async (scope, { notebook, name, range }, extra) => {
    const note = await alter(scope, notebook, { verb: "added", name, range }, extra);
    return { ...(await shown(scope, notebook)), note };
  },
  { isUntransacted: true },
);

export const removePackage = verb(
  contract.removePackage,
  async (scope, { notebook, name }, extra) => {
    const note = await alter(scope, notebook, { verb: "removed", name }, extra);
    return { ...(await shown(scope, notebook)), note };
  },
  { isUntransacted: true },
);
