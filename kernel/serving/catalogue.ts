// What is served where, pulled from web every two seconds and whenever web says so, kept on disk for the next start (SV6). A revision that
// loads is proven here: its version is opened and its sample run, then web hears the outcome. A model that kills the process twice while
// it loads is reported as failed instead of being tried for ever: attempts are counted on disk.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Unreachable } from "#kernel/serving/library.ts";
import { log } from "#lib/kit/log.ts";
import type { ServedEndpoint, ServedRevision, ServingPlan } from "#lib/serving/inference/contract.ts";

export type Catalogue = {
  find: (workspaceId: string, name: string) => ServedEndpoint | null;
  list: (workspaceId: string) => ServedEndpoint[];
  isReady: () => boolean;
  /** Looks again now; resolves when what is newly to be served has been loaded. */
  refresh: () => Promise<void>;
  stop: () => void;
};

type Options = {
  folder: string;
  url: string;
  secret: string;
  prove: (revision: ServedRevision) => Promise<void>;
  warm: (digest: string) => Promise<unknown>;
};

const everyMs = 2000;
const attemptLimit = 2;

const readKept = (path: string): ServingPlan | null => {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as ServingPlan;
  } catch {
    return null;
  }
};

/** Counts the starts of a load that may kill this process. */
const countAttempt = (path: string): number => {
  let before = 0;
  try {
    before = Number(readFileSync(path, "utf8"));
  } catch {}
  writeFileSync(path, String(before + 1));
  return before;
};

/** Opens the catalogue; the plan kept from before is in force at once. */
export const openCatalogue = ({ folder, url, secret, prove, warm }: Options): Catalogue => {
  mkdirSync(join(folder, "attempts"), { recursive: true, mode: 0o700 });
  const kept = join(folder, "plan.json");
  const headers = { authorization: `Bearer ${secret}` };
  const byWorkspace = new Map<string, Map<string, ServedEndpoint>>();
  const settled = new Set<string>();
  let etag = "";
  let isReady = false;
  let looking: Promise<void> | null = null;
  let wantsMore = false;

  const adopt = (plan: ServingPlan): void => {
    byWorkspace.clear();
    for (const endpoint of plan.endpoints) {
      const own = byWorkspace.get(endpoint.workspaceId) ?? new Map<string, ServedEndpoint>();
      byWorkspace.set(endpoint.workspaceId, own.set(endpoint.name, endpoint));
    }
    isReady = true;
  };

  const report = async (id: string, failure: string | null): Promise<void> => {
    const answer = await fetch(`${url}/api/internal/serving/revisions/${id}`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ failure }),
    });
    if (!answer.ok) throw new Unreachable(`web answered ${answer.status} to a report`);
    settled.add(id);
    rmSync(join(folder, "attempts", id), { force: true });
    wantsMore = true;
  };

  const attempt = async (revision: ServedRevision): Promise<void> => {
    if (settled.has(revision.id)) return;
    const deaths = countAttempt(join(folder, "attempts", revision.id));
    try {
      if (deaths >= attemptLimit)
        return await report(revision.id, "The serving process ended each time it loaded this version. The ONNX file may be damaged.");
      await prove(revision);
    } catch (error) {
      rmSync(join(folder, "attempts", revision.id), { force: true });
      if (error instanceof Unreachable) throw error;
      return report(revision.id, error instanceof Error ? error.message : String(error));
    }
    await report(revision.id, null);
  };

  const look = async (): Promise<void> => {
    const answer = await fetch(`${url}/api/internal/serving/plan`, {
      headers: { ...headers, "if-none-match": etag },
      signal: AbortSignal.timeout(10_000),
    });
    if (answer.status !== 200 && answer.status !== 304) throw new Unreachable(`web answered ${answer.status}`);
    if (answer.status === 200) {
      const text = await answer.text();
      const plan = JSON.parse(text) as ServingPlan;
      adopt(plan);
      writeFileSync(`${kept}.part`, text, { mode: 0o600 });
      renameSync(`${kept}.part`, kept);
      etag = answer.headers.get("etag") ?? "";
    }
    const endpoints = [...byWorkspace.values()].flatMap((own) => [...own.values()]);
    for (const endpoint of endpoints) {
      const current = endpoint.revisions.find((one) => one.id === endpoint.current);
      if (current)
        await warm(current.digest).catch((error) => log.warn("a current version cannot be opened", { endpoint: endpoint.name, error }));
      for (const revision of endpoint.revisions) if (endpoint.loading.includes(revision.id)) await attempt(revision);
    }
  };

  const lookOn = async (): Promise<void> => {
    do {
      wantsMore = false;
      await look();
    } while (wantsMore);
  };
  const refresh = (): Promise<void> => {
    wantsMore = true;
    looking ??= lookOn()
      .catch((error: unknown) => log.debug("web does not answer, serving what is known", { error: String(error) }))
      .finally(() => (looking = null));
    return looking;
  };

  const known = readKept(kept);
  if (known) adopt(known);
  const timer = setInterval(() => void refresh(), everyMs);
  void refresh();
  return {
    find: (workspaceId, name) => byWorkspace.get(workspaceId)?.get(name) ?? null,
    list: (workspaceId) => [...(byWorkspace.get(workspaceId)?.values() ?? [])],
    isReady: () => isReady,
    refresh,
    stop: () => clearInterval(timer),
  };
};
