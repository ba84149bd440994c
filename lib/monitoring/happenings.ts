// "What happened" at an endpoint, in sentences: revisions, episodes of drift, and minutes in which requests failed.
import { driftLimit } from "#lib/learn/stats/psi.ts";
import type { Happening } from "#lib/monitoring/contract.ts";
import type { Minute } from "#lib/monitoring/rules.ts";
import { hasServed, type Revision } from "#lib/serving/contract.ts";

export type Episode = { id: string; version: number; feature: string; psi: number; rows: number; openedAt: Date; closedAt: Date | null };

const count = (value: number): string => value.toLocaleString("en");

/** A length of time as people say it. */
export const lasted = (ms: number): string => {
  const seconds = Math.round(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
};

const ofRevision = (revision: Revision, before: Revision | undefined): Happening => {
  const { number, version, status, message } = revision;
  const base = { id: revision.id, until: null, subject: null, version, note: `by ${revision.by}` };
  if (status === "failed")
    return {
      ...base,
      at: revision.at,
      kind: "failed",
      sentence: `Revision ${number} with version ${version} did not come up. ${message ?? ""}`,
    };
  if (status === "loading") return { ...base, at: revision.at, kind: "loading", sentence: `Revision ${number}: version ${version} loads.` };
  const took = before ? `version ${version} took over from version ${before.version}.` : `version ${version} began to answer.`;
  return {
    ...base,
    at: revision.servingAt ?? revision.at,
    kind: "champion",
    sentence: `Revision ${number}: ${before?.version === version ? `version ${version} went on answering.` : took}`,
    note: message ?? base.note,
  };
};

const noteOf = ({ version, openedAt, closedAt }: Episode, answering: number | null): string => {
  if (closedAt) return `closed by itself after ${lasted(closedAt.getTime() - openedAt.getTime())}`;
  return version === answering ? "open" : `version ${version} answers no more`;
};

/** An episode ends when it closes, or when its version gave the traffic to another. */
const endOf = (episode: Episode, answering: number | null, revisions: readonly Revision[]): string | null => {
  if (episode.closedAt) return episode.closedAt.toISOString();
  if (episode.version === answering) return null;
  const ends = revisions.filter((one) => one.version === episode.version).map((one) => one.replacedAt ?? "");
  return ends.sort().at(-1) || episode.openedAt.toISOString();
};

const ofEpisode = (episode: Episode, answering: number | null, revisions: readonly Revision[]): Happening => ({
  id: episode.id,
  at: episode.openedAt.toISOString(),
  until: endOf(episode, answering, revisions),
  kind: "drifted",
  subject: episode.feature,
  version: episode.version,
  sentence: `PSI ${episode.psi.toFixed(2)} over ${count(episode.rows)} rows, limit ${driftLimit.toFixed(2)}.`,
  note: noteOf(episode, answering),
});

/** Minutes that lie together are one happening. */
const ofFailures = (minutes: readonly Minute[]): Happening[] => {
  const spells: Minute[][] = [];
  for (const minute of minutes.toSorted((a, b) => a.minute.getTime() - b.minute.getTime())) {
    const last = spells.at(-1);
    if (last && minute.minute.getTime() - last.at(-1)!.minute.getTime() <= 120_000) last.push(minute);
    else spells.push([minute]);
  }
  return spells.map((spell) => {
    const total = (field: "failed" | "requests") => spell.reduce((sum, one) => sum + one[field], 0);
    return {
      id: `failed-${spell[0]!.minute.getTime()}`,
      at: spell[0]!.minute.toISOString(),
      until: null,
      kind: "failed",
      subject: null,
      version: null,
      sentence: `${count(total("failed"))} of ${count(total("requests"))} requests could not be answered (ours).`,
      note: `within ${spell.length} min`,
    };
  });
};

/** Everything that happened, newest first, at most 50; an episode is open only while its version answers. */
export const happeningsOf = (
  revisions: readonly Revision[],
  episodes: readonly Episode[],
  failed: readonly Minute[],
  answering: number | null,
): Happening[] => {
  const served = revisions.filter((one) => hasServed(one.status)).sort((a, b) => a.number - b.number);
  return [
    ...revisions.map((one) => ofRevision(one, served.filter((other) => other.number < one.number).at(-1))),
    ...episodes.map((one) => ofEpisode(one, answering, revisions)),
    ...ofFailures(failed),
  ]
    .sort((a, b) => (a.at < b.at ? 1 : -1))
    .slice(0, 50);
};
