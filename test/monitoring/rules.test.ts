// The monitor's arithmetic against exact answers: percentiles, drift, episodes, steps of a chart.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mulberry32 } from "#lib/learn/random.ts";
import { profileTable } from "#lib/learn/stats/profile.ts";
import { psiDeciles } from "#lib/learn/stats/psi.ts";
import { addInto, bucketOf, type Histogram, quantileMs } from "#lib/monitoring/latency.ts";
import {
  compareShares,
  gatherRows,
  measure,
  neededRows,
  nextStatus,
  spanOf,
  sumTraffic,
  toMinutes,
  toPoints,
} from "#lib/monitoring/rules.ts";

const histogramOf = (latencies: number[]): Histogram => latencies.reduce<Histogram>((sum, us) => addInto(sum, { [bucketOf(us)]: 1 }), {});
const exact = (latencies: number[], share: number): number =>
  latencies.toSorted((a, b) => a - b)[Math.ceil(share * latencies.length) - 1]! / 1000;
const latency = fc.integer({ min: 1, max: 60_000_000 });

describe("two distributions", () => {
  it("shares of training and of live rows each add up to one, whatever comes in", () => {
    const numbers = fc.array(fc.oneof(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), fc.constant(null)), { minLength: 1 });
    const words = fc.array(fc.constantFrom("a", "b", "c", "d", ""), { minLength: 1 });
    const total = (bins: { training: number; live: number }[], field: "training" | "live") =>
      bins.reduce((sum, bin) => sum + bin[field], 0);
    fc.assert(
      fc.property(fc.oneof(numbers, words), fc.oneof(numbers, words), (before, now) => {
        const isText = before.every((value) => typeof value === "string");
        const column = isText ? (before as string[]) : Float64Array.from(before as (number | null)[], (value) => value ?? Number.NaN);
        const profile = profileTable({ x: column }).columns.x!;
        const { bins, liveRows } = compareShares(profile, now);
        if (profile.count === 0) return;
        expect(total(bins, "training")).toBeCloseTo(1, 9);
        expect(total(bins, "live")).toBeCloseTo(liveRows > 0 ? 1 : 0, 9);
      }),
    );
  });
});

describe("latency", () => {
  it("MO2 a percentile is within 2.2 % of the exact one", () => {
    fc.assert(
      fc.property(fc.array(latency, { minLength: 1, maxLength: 400 }), fc.constantFrom(0.5, 0.95, 0.99), (latencies, share) => {
        const wanted = exact(latencies, share);
        expect(Math.abs(quantileMs(histogramOf(latencies), share)! - wanted) / wanted).toBeLessThan(0.0219);
      }),
    );
  });
  it("MO2 merged histograms answer like the histogram of all", () => {
    fc.assert(
      fc.property(fc.array(latency, { minLength: 1 }), fc.array(latency), (a, b) => {
        expect(addInto(histogramOf(a), histogramOf(b))).toEqual(histogramOf([...a, ...b]));
      }),
    );
  });
  it("nothing has no percentile", () => expect(quantileMs({}, 0.5)).toBeNull());
});

const at = (text: string) => new Date(text);
const one = (more: Partial<Parameters<typeof toMinutes>[0][number]> = {}) => ({
  workspaceId: "w",
  endpointId: "e",
  version: 1,
  at: at("2026-11-24T10:00:30Z"),
  latencyUs: 500,
  status: 200,
  rows: 2,
  ...more,
});

describe("minutes", () => {
  it("a prediction counts in its own minute, version and kind", () => {
    const minutes = toMinutes([
      one(),
      one({ at: at("2026-11-24T10:00:59.999Z"), status: 400, rows: 0 }),
      one({ status: 503, rows: 0 }),
      one({ at: at("2026-11-24T10:01:00Z") }),
      one({ version: 2 }),
    ]);
    expect(
      minutes.map(({ minute, version, requests, rows, refused, failed }) => [
        minute.toISOString().slice(11, 16),
        version,
        requests,
        rows,
        refused,
        failed,
      ]),
    ).toEqual([
      ["10:00", 1, 3, 2, 1, 1],
      ["10:01", 1, 1, 2, 0, 0],
      ["10:00", 2, 1, 2, 0, 0],
    ]);
    expect(sumTraffic(minutes)).toMatchObject({ requests: 5, rows: 6, refused: 1, failed: 1 });
  });
  it("a chart has every step of its range, and no request falls between two", () => {
    const span = spanOf("24h", at("2026-11-24T10:07:00Z"));
    expect([span.from.toISOString(), span.steps]).toEqual(["2026-11-23T10:15:00.000Z", 96]);
    const points = toPoints(toMinutes([one({ at: at("2026-11-23T10:15:00Z") }), one({ at: at("2026-11-24T10:06:59Z") })]), span);
    expect([points.length, points[0]!.requests, points.at(-1)!.requests]).toEqual([96, 1, 1]);
    expect(points[5]).toMatchObject({ requests: 0, latencyMsP99: null });
  });
});

describe("drift", () => {
  const random = mulberry32(4);
  const numbers = (n: number, shift = 0) => Float64Array.from({ length: n }, () => random() + random() + shift);
  const reference = numbers(1000);
  const profile = profileTable({ x: reference, grade: Array.from({ length: 1000 }, (_, i) => "ABCD"[i % 4]!) });
  it("MO3 equals decile PSI of the two samples", () => {
    const live = numbers(400, 0.2);
    const [x] = measure(profile, { x: [...live], grade: [] });
    expect(x!.psi).toBeCloseTo(psiDeciles(reference, live), 12);
    expect(x!.rows).toBe(400);
  });
  it("MO4 too few rows give no number; gaps are not rows", () => {
    expect(neededRows(profile.columns.x!)).toBe(180);
    expect(neededRows(profile.columns.grade!)).toBe(100);
    const values = [...numbers(179), null, Number.NaN];
    expect(measure(profile, { x: values, grade: Array.from({ length: 99 }, () => "A") })).toMatchObject([
      { feature: "x", psi: null, rows: 179, needed: 180 },
      { feature: "grade", psi: null, rows: 99, needed: 100 },
    ]);
  });
  it("a level never seen in training is drift", () => {
    const grades = Array.from({ length: 200 }, (_, i) => (i % 2 ? "Z" : "ABCD"[i % 4]!));
    expect(measure(profile, { grade: grades })[1]!.psi).toBeGreaterThan(0.2);
  });
  it("MO5 an episode opens at the limit, stays through flutter, closes clearly below, and a gap changes nothing", () => {
    expect([nextStatus(null, null), nextStatus(null, 0.1999), nextStatus("steady", 0.2)]).toEqual(["waiting", "steady", "drifted"]);
    expect([nextStatus("drifted", 0.19), nextStatus("drifted", 0.1799), nextStatus("drifted", null)]).toEqual([
      "drifted",
      "steady",
      "drifted",
    ]);
  });
  it("the window is the newest rows, up to its limit, whatever their batches", () => {
    expect(
      gatherRows(
        [
          { a: [1, 2], b: ["x", "y"] },
          { a: [3, 4, 5], b: ["z", "u", "v"] },
        ],
        4,
      ),
    ).toEqual({ a: [1, 2, 3, 4], b: ["x", "y", "z", "u"] });
  });
});
