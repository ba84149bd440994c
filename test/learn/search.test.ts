// The search: pruning decision by decision as Optuna decides, better than chance, conditional spaces, several objectives,
// stored and taken up again. Numbers of the peer are in golden/search*.json, made by golden/search.py.
import { readFileSync } from "node:fs";
import { describe, expect, expectTypeOf, it } from "vitest";
import { forestImportance } from "#lib/learn/search/importance.ts";
import { asha, hyperband, median, type Pruner } from "#lib/learn/search/pruning.ts";
import type { Params, ParamsOf, Space } from "#lib/learn/search/space.ts";
import { ask, openStudy, report, type Sampler, type Study, tell } from "#lib/learn/search/study.ts";
import { bestTrials, type Direction } from "#lib/learn/search/trials.ts";

type Event = [number, number, number, boolean] | [number, "pruned"] | [number, "complete", number];
type Table = { direction: Direction; name: string; events: Event[] };
const golden = JSON.parse(readFileSync(new URL("./golden/search.json", import.meta.url), "utf8")) as {
  pruning: Record<"asha" | "ashaSet" | "hyperband" | "median", Table[]>;
};
const { best } = JSON.parse(readFileSync(new URL("./golden/search-best.json", import.meta.url), "utf8")) as {
  best: Record<"branin" | "hartmann6" | "mixed", { tpe: number[]; random: number[] }>;
};
const rate = { rate: { type: "float", low: 1e-5, high: 10, log: true } } as const satisfies Space;

/** Feeds a table of reports; answers the decisions that differ from the peer's. */
const differences = (pruner: Pruner, table: Table): { wrong: Event[]; stops: number } => {
  let study = openStudy({ name: table.name, space: rate, directions: [table.direction], sampler: { type: "random" }, pruner });
  const wrong: Event[] = [];
  let stops = 0;
  for (const event of table.events) {
    while (study.trials.length <= event[0]) study = ask(study).study;
    if (event[1] === "pruned") study = tell(study, event[0], "pruned");
    else if (event[1] === "complete") study = tell(study, event[0], [event[2]]);
    else {
      const judged = report(study, event[0], event[1], event[2]!);
      if (judged.shouldStop !== event[3]) wrong.push(event);
      stops += judged.shouldStop ? 1 : 0;
      study = judged.study;
    }
  }
  return { wrong, stops };
};

/** The peer's numbers of how much parameters matter, made by golden/importance.py. */
const mattering = JSON.parse(readFileSync(new URL("./golden/importance.json", import.meta.url), "utf8")) as {
  trials: { params: Params; value: number }[];
  shares: Record<string, number[]>;
};

const A = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const P = [
  [1312, 1696, 5569, 124, 8283, 5886],
  [2329, 4135, 8307, 3736, 1004, 9991],
  [2348, 1451, 3522, 2883, 3047, 6650],
  [4047, 8828, 8732, 5743, 1091, 381],
];
const unit = { type: "float", low: 0, high: 1 } as const;
const mixed = {
  letter: { type: "categorical", choices: ["a", "b", "c", "d", "e"] },
  kind: { type: "categorical", choices: ["smooth", "steps"] },
  rate: { type: "float", low: 1e-5, high: 10, log: true, when: { kind: "smooth" } },
  depth: { type: "int", low: 1, high: 20, when: { kind: "smooth" } },
  shift: { type: "float", low: -5, high: 5, when: { kind: "steps" } },
  width: { type: "int", low: 1, high: 64, log: true, when: { kind: "steps" } },
} as const satisfies Space;
type Task = { space: Space; of: (params: Params) => number };
const tasks: Record<"branin" | "hartmann6" | "mixed", Task> = {
  branin: {
    space: { x: { type: "float", low: -5, high: 10 }, y: { type: "float", low: 0, high: 15 } },
    of: (params) => {
      const [x, y] = [Number(params.x), Number(params.y)];
      return (y - (5.1 / (4 * Math.PI ** 2)) * x * x + (5 / Math.PI) * x - 6) ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
    },
  },
  hartmann6: {
    space: { x0: unit, x1: unit, x2: unit, x3: unit, x4: unit, x5: unit },
    of: (params) => {
      const x = [0, 1, 2, 3, 4, 5].map((i) => Number(params[`x${i}`]));
      const inner = (i: number) => A[i]!.reduce((sum, a, k) => sum + a * (x[k]! - P[i]![k]! / 10000) ** 2, 0);
      return -[1, 1.2, 3, 3.2].reduce((sum, c, i) => sum + c * Math.exp(-inner(i)), 0);
    },
  },
  mixed: {
    space: mixed,
    of: (given) => {
      const params = given as unknown as ParamsOf<typeof mixed>;
      const offset = { a: 0.4, b: 0, c: 0.7, d: 1, e: 0.2 }[params.letter];
      if (params.kind === "smooth") return offset + (Math.log10(params.rate!) + 2) ** 2 + 0.05 * (params.depth! - 7) ** 2;
      return offset + 0.3 + 0.5 * (params.shift! - 1) ** 2 + 0.1 * Math.abs(params.width! - 12);
    },
  },
};

const optimize = (start: Study, of: Task["of"], trials: number): Study => {
  let study = start;
  while (study.trials.length < trials) {
    const { study: asked, trial } = ask(study);
    study = tell(asked, trial.number, [of(trial.params)]);
  }
  return study;
};
const quartile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  return sorted[Math.floor(at)]! + (at % 1) * (sorted[Math.ceil(at)]! - sorted[Math.floor(at)]!);
};

describe("pruning", () => {
  const cases: [keyof typeof golden.pruning, Pruner][] = [
    ["asha", asha()],
    ["ashaSet", asha({ minResource: 2, reduction: 3, minEarlyStoppingRate: 1, bootstrap: 2 })],
    ["hyperband", hyperband()],
    ["median", median()],
  ];
  for (const [name, pruner] of cases)
    it(`${name} stops exactly the trials the reference stops, at the same reports`, () => {
      for (const table of golden.pruning[name]) {
        const { wrong, stops } = differences(pruner, table);
        expect(wrong).toEqual([]);
        expect(stops).toBeGreaterThan(0);
      }
    });
});

describe("sampling", () => {
  for (const name of ["branin", "hartmann6", "mixed"] as const)
    it(`on ${name} the median best of 30 seeds is no worse than the peer's third quartile, and beats random search`, () => {
      const { space, of } = tasks[name];
      const median30 = (type: Sampler["type"]): number =>
        quartile(
          Array.from({ length: 30 }, (_, seed) => {
            const done = optimize(openStudy({ space, sampler: { type }, seed }), of, 100);
            return Math.min(...done.trials.map((one) => one.values[0]!));
          }),
          0.5,
        );
      const own = median30("tpe");
      const peer = [0.25, 0.5, 0.75].map((share) => quartile(best[name].tpe, share));
      console.info(`${name}: median best ${own.toFixed(4)}, Optuna's quartiles ${peer.map((one) => one.toFixed(4)).join(" ")}`);
      expect(own).toBeLessThanOrEqual(peer[2]!);
      expect(own).toBeLessThan(median30("random"));
    });
});

describe("a study", () => {
  it("goes on after being stored exactly as if it had never stopped", () => {
    const { space, of } = tasks.mixed;
    const whole = optimize(openStudy({ space, seed: 5 }), of, 40);
    const half = JSON.parse(JSON.stringify(optimize(openStudy({ space, seed: 5 }), of, 23))) as Study;
    expect(optimize(half, of, 40)).toEqual(whole);
  });
  it("keeps parameters in their bounds, and conditional ones only where their condition holds", () => {
    for (const { params } of optimize(openStudy({ space: mixed, seed: 2 }), tasks.mixed.of, 60).trials) {
      const names = params.kind === "smooth" ? ["letter", "kind", "rate", "depth"] : ["letter", "kind", "shift", "width"];
      expect(Object.keys(params).sort()).toEqual(names.sort());
      if (params.kind === "steps") expect([1, 64, params.width].sort((a, b) => Number(a) - Number(b))[1]).toBe(params.width);
      if (params.kind === "smooth") expect(Number.isInteger(params.depth) && Number(params.rate) >= 1e-5).toBe(true);
    }
  });
  it("of two objectives keeps the front, and finds a wider one than chance", () => {
    const space = { x: { type: "float", low: -10, high: 10 }, y: { type: "float", low: -10, high: 10 } } as const satisfies Space;
    const front = (type: Sampler["type"]) => {
      let study = openStudy({ space, directions: ["minimize", "minimize"], sampler: { type }, seed: 3 });
      for (let i = 0; i < 120; i++) {
        const asked = ask(study);
        const { x, y } = asked.trial.params as { x: number; y: number };
        study = tell(asked.study, i, [x * x + y * y, (x - 2) ** 2 + y * y]);
      }
      return study;
    };
    const near = (study: Study) => study.trials.filter((one) => one.values[0]! + one.values[1]! < 8).length;
    const [own, blind] = [front("tpe"), front("random")];
    expect(near(own)).toBeGreaterThan(2 * near(blind));
    for (const one of bestTrials(own.trials, own.directions))
      expect(own.trials.some((other) => other.values[0]! < one.values[0]! && other.values[1]! < one.values[1]!)).toBe(false);
  });
  it("refuses in words what it cannot search and what has ended", () => {
    expect(() => openStudy({ space: {} })).toThrow("Name one or more");
    expect(() => openStudy({ space: { a: { type: "float", low: 0, high: 1, log: true } } })).toThrow("low must be above 0");
    expect(() => openStudy({ space: { a: { ...unit, when: { b: 1 } } } })).toThrow("is no dimension");
    const { study } = ask(openStudy({ space: rate }));
    const done = tell(study, 0, [Number.NaN]);
    expect(done.trials[0]!.state).toBe("failed");
    expect(() => tell(done, 0, [1])).toThrow("What ended stays ended");
  });
  it("gives TypeScript the type of its parameters", () => {
    expectTypeOf<ParamsOf<typeof mixed>["kind"]>().toEqualTypeOf<"smooth" | "steps">();
    expectTypeOf<ParamsOf<typeof mixed>["depth"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<ParamsOf<typeof rate>["rate"]>().toEqualTypeOf<number>();
    expect(Object.keys(ask(openStudy({ space: rate })).trial.params)).toEqual(["rate"]);
  });
});

describe("importance", () => {
  const space = {
    rate: { type: "float", low: 1e-4, high: 1, log: true },
    depth: { type: "int", low: 1, high: 12 },
    share: { type: "float", low: 0, high: 1 },
    idle: { type: "float", low: -3, high: 3 },
    kind: { type: "categorical", choices: ["a", "b", "c"] },
  } as const satisfies Space;
  const trials = mattering.trials.map(({ params, value }, number) => ({
    number,
    params,
    state: "complete" as const,
    values: [value],
    reports: [],
    rungs: [],
  }));
  // The peer gives a choice one column a level and cuts numbers exactly; the shares differ by less than .005.
  it("shares are the peer's, in the same order", () => {
    const own = forestImportance(space, trials);
    const peer = Object.entries(mattering.shares).map(([name, by]) => [name, by.reduce((sum, one) => sum + one, 0) / by.length] as const);
    expect(own.map((one) => one.name)).toEqual(peer.toSorted((a, b) => b[1] - a[1]).map(([name]) => name));
    for (const [name, share] of peer) expect(Math.abs(own.find((one) => one.name === name)!.share - share), name).toBeLessThan(0.08);
    expect(own.reduce((sum, one) => sum + one.share, 0)).toBeCloseTo(1, 9);
  });
  it("does not depend on the values' unit, and is empty where nothing made a difference", () => {
    const by = (scale: number, shift: number) =>
      forestImportance(
        space,
        trials.map((one) => ({ ...one, values: [one.values[0]! * scale + shift] })),
      );
    for (const [name, share] of by(1, 0).map((one) => [one.name, one.share] as const))
      expect(Math.abs(by(2 ** -30, 0).find((one) => one.name === name)!.share - share), name).toBeLessThan(1e-6);
    expect(by(0, 3)).toEqual([]);
    expect(forestImportance(space, trials.slice(0, 9))).toEqual([]);
  });
});
