// Every operator's gradient against central differences, over random shapes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cases, type Draw } from "#test/learn/graph/cases.ts";
import { gradientError } from "#test/learn/graph/differences.ts";

const dimension = fc.integer({ min: 1, max: 4 });
const draws: fc.Arbitrary<Draw> = fc.tuple(dimension, dimension, dimension, dimension);

describe("gradients equal central differences on the CPU", () => {
  it("covers sixty operators and more", () => {
    expect(Object.keys(cases).length).toBeGreaterThanOrEqual(60);
  });
  it.each(Object.entries(cases))("%s", async (_name, make) => {
    await fc.assert(
      fc.asyncProperty(draws, fc.integer({ min: 1, max: 1_000_000 }), async (draw, seed) => {
        expect(await gradientError(make(draw), seed)).toBeLessThan(2e-2);
      }),
      { numRuns: 8, seed: 20_261 },
    );
  });
});
