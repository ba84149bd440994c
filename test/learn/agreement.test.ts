// Agreement of raters and ranking by pairs, against published values.
import { describe, expect, it } from "vitest";
import { cohenKappa, fleissKappa, itemAgreement, krippendorffAlpha } from "#lib/learn/stats/agreement.ts";
import { bradleyTerry, type Comparison, positionBias } from "#lib/learn/stats/bradley-terry.ts";

const a = [1, 1, 2, 2, 3, 1, 2, 3, 3, 1, 2, 1];
const b = [1, 2, 2, 2, 3, 1, 3, 3, 3, 1, 1, 1];
const coders = ["123321412...", "1233224125.3", ".3332342251.", "1233244125 1.".replace(" ", "")].map((line) =>
  [...line].map((one) => (one === "." ? null : Number(one))),
);

describe("agreement", () => {
  it("Cohen's κ equals the reference, plain and weighted", () => {
    expect(cohenKappa(a, b)).toBeCloseTo(0.621_052_631_6, 10);
    expect(cohenKappa(a, b, "linear")).toBeCloseTo(0.723_076_923_1, 10);
    expect(cohenKappa(a, b, "quadratic")).toBeCloseTo(0.82, 10);
  });
  it("Fleiss' κ equals the reference", () => {
    expect(
      fleissKappa([
        [5, 0, 0],
        [2, 3, 0],
        [0, 4, 1],
        [1, 1, 3],
      ]),
    ).toBeCloseTo(0.335_937_5, 12);
  });
  it("Krippendorff's α equals the published values on all four levels, with missing ratings", () => {
    expect(krippendorffAlpha(coders, "nominal")).toBeCloseTo(0.743_421_052_6, 10);
    expect(krippendorffAlpha(coders, "interval")).toBeCloseTo(0.849_107_142_9, 10);
    expect(krippendorffAlpha(coders, "ordinal")).toBeCloseTo(0.815, 3);
    expect(krippendorffAlpha(coders, "ratio")).toBeCloseTo(0.797, 3);
  });
  it("is not a number where chance alone agrees always", () => {
    expect(cohenKappa([1, 1], [1, 1])).toBeNaN();
    expect(fleissKappa([[2, 0]])).toBeNaN();
    expect(krippendorffAlpha([["A"], [null]])).toBeNaN();
    expect(itemAgreement([], [])).toBeNaN();
  });
  it("says in words what cannot be compared", () => {
    expect(() => cohenKappa([1], [])).toThrow("same items");
    expect(() =>
      fleissKappa([
        [2, 0],
        [1, 0],
      ]),
    ).toThrow("Krippendorff");
    expect(() => krippendorffAlpha([["A"], ["B"]], "interval")).toThrow("numbers");
  });
});

describe("Bradley–Terry", () => {
  const rows = (first: string, second: string, won: number, lost: number, tied = 0): Comparison[] => [
    ...Array.from({ length: won }, () => ({ first, second, winner: "first" as const })),
    ...Array.from({ length: lost }, () => ({ first, second, winner: "second" as const })),
    ...Array.from({ length: tied }, () => ({ first, second, winner: "tie" as const })),
  ];
  it("two names are as far apart as their odds, ties half a win each", () => {
    const [best, other] = bradleyTerry(rows("x", "y", 60, 20, 20));
    expect([best!.name, best!.wins, other!.wins]).toEqual(["x", 70, 30]);
    expect(best!.strength / other!.strength).toBeCloseTo(70 / 30, 2);
    expect(best!.low).toBeLessThan(best!.score);
    expect(best!.high).toBeGreaterThan(best!.score);
    expect(other!.high).toBeLessThan(best!.low);
  });
  it("ranks the never beaten first with a finite score, the same for the same seed", () => {
    const all = [...rows("x", "y", 5, 0), ...rows("y", "z", 4, 1)];
    const ranked = bradleyTerry(all);
    expect(ranked.map((one) => one.name)).toEqual(["x", "y", "z"]);
    expect(ranked.every((one) => Number.isFinite(one.score))).toBe(true);
    expect(bradleyTerry(all)).toEqual(ranked);
  });
  it("reports how often the first shown won", () => {
    expect(positionBias(rows("x", "y", 6, 4, 10))).toEqual({ share: 0.6, decided: 10 });
  });
});
