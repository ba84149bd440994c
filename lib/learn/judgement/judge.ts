// A judgement: every metric with a bootstrap interval, the same beside a baseline on the same drawn units (what both find hard cancels), the
// metrics of every group, and the curves. Deterministic: the same evidence and seed give the same report.

import { type Evidence, rowsOf, takeEvidence } from "#lib/learn/judgement/evidence.ts";
import { type Figures, figuresOf } from "#lib/learn/judgement/figures.ts";
import { type Measures, type Meter, type MeterOptions, meterOf } from "#lib/learn/judgement/meters.ts";
import { confusionMatrix } from "#lib/learn/metrics/labels.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { quantile } from "#lib/learn/stats/profile.ts";
import { mcNemar } from "#lib/learn/validation/paired.ts";

export type Range = { low: number | null; high: number | null };
export type Measured = {
  name: string;
  value: number | null;
  baseline: number | null;
  /** Model minus baseline. */
  difference: (Range & { value: number | null }) | null;
} & Range;
export type Level = { level: string; n: number; metrics: Record<string, Range & { value: number | null }> };
export type Report = {
  rows: number;
  units: number;
  draws: number;
  metrics: Measured[];
  groups: { column: string; levels: Level[]; others: number }[];
  test: { name: string; p: number; baselineOnly: number; modelOnly: number } | null;
  figures: Figures;
};
export type Plan = MeterOptions & { seed: number; draws: number };
export type Grouping = { column: string; values: readonly string[] };

const levelLimit = 12;
const workLimit = 4e8;

const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** As many draws as asked, fewer where the rows are so many that they would take minutes; an interval of many rows needs fewer. */
const drawsFor = (meter: Meter, asked: number): number => Math.max(20, Math.min(asked, Math.floor(workLimit / Math.max(1, meter.cost))));

const drawn = (units: number, random: () => number): Float64Array => {
  const weights = new Float64Array(units);
  for (let i = 0; i < units; i++) weights[Math.floor(random() * units)]! += 1;
  return weights;
};

const rangeOf = (values: readonly number[]): Range => {
  const known = Float64Array.from(values.filter(Number.isFinite)).sort();
  return known.length === 0 ? { low: null, high: null } : { low: orNull(quantile(known, 0.025)), high: orNull(quantile(known, 0.975)) };
};

const sampled = (meters: readonly Meter[], draws: number, seed: number): Measures[][] => {
  const random = mulberry32(seed);
  return Array.from({ length: draws }, () => {
    const weights = drawn(meters[0]!.units, random);
    return meters.map((meter) => meter.measure(weights));
  });
};

const levelsOf = (evidence: Evidence, { values }: Grouping, plan: Plan): { levels: Level[]; others: number } => {
  const rows = Map.groupBy(values.keys(), (i) => values[i]!);
  const known = [...rows].sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1));
  const levels = known.slice(0, levelLimit).map(([level, own]): Level => {
    const meter = meterOf(takeEvidence(evidence, own), plan);
    if (meter.units === 0) return { level, n: own.length, metrics: {} };
    const whole = meter.measure();
    const draws = sampled([meter], Math.min(300, drawsFor(meter, plan.draws)), plan.seed);
    const metrics = Object.keys(whole).map((name) => [
      name,
      { value: orNull(whole[name]!), ...rangeOf(draws.map(([one]) => one![name]!)) },
    ]);
    return { level, n: own.length, metrics: Object.fromEntries(metrics) };
  });
  return { levels, others: known.slice(levelLimit).reduce((sum, [, own]) => sum + own.length, 0) };
};

const isRight = (evidence: Evidence, threshold: number): boolean[] | null => {
  if (evidence.kind === "binary") return Array.from(evidence.truth, (y, i) => (evidence.scores[i]! >= threshold ? 1 : 0) === y);
  return evidence.kind === "classes" ? evidence.truth.map((label, i) => label === evidence.answers[i]) : null;
};

const testOf = (model: Evidence, baseline: Evidence | null, threshold: number): Report["test"] => {
  const [own, other] = [isRight(model, threshold), baseline && isRight(baseline, threshold)];
  if (!own || !other) return null;
  const { p, championOnly, challengerOnly } = mcNemar(other, own);
  return { name: "McNemar", p, baselineOnly: championOnly, modelOnly: challengerOnly };
};

/** Judges what was answered; the baseline, when there is one, has answered the same rows. */
export const judge = (evidence: Evidence, baseline: Evidence | null, groupings: readonly Grouping[], plan: Plan): Report => {
  if (rowsOf(evidence) === 0) throw new Error("No row has a known target. There is nothing to judge.");
  if (evidence.kind === "classes") confusionMatrix(evidence.truth, evidence.answers);
  const meter = meterOf(evidence, plan);
  if (meter.units === 0) throw new Error("No query has a relevant row. There is nothing to rank.");
  const other = baseline && meterOf(baseline, plan);
  const [whole, against] = [meter.measure(), other?.measure()];
  const meters = other ? [meter, other] : [meter];
  const draws = sampled(meters, drawsFor({ ...meter, cost: meter.cost * meters.length }, plan.draws), plan.seed);
  const metrics = Object.keys(whole).map((name): Measured => {
    const difference = against
      ? { value: orNull(whole[name]! - against[name]!), ...rangeOf(draws.map(([a, b]) => a![name]! - b![name]!)) }
      : null;
    return {
      name,
      value: orNull(whole[name]!),
      ...rangeOf(draws.map(([one]) => one![name]!)),
      baseline: against ? orNull(against[name]!) : null,
      difference,
    };
  });
  return {
    rows: rowsOf(evidence),
    units: meter.units,
    draws: draws.length,
    metrics,
    groups: groupings.map((grouping) => ({ column: grouping.column, ...levelsOf(evidence, grouping, plan) })),
    test: testOf(evidence, baseline, plan.threshold),
    figures: figuresOf(evidence, baseline, plan.k),
  };
};
