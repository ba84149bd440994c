// Bad input: each case is defined, explained in words, and tried on every kind of estimator that may meet it.
import { describe, expect, it } from "vitest";
import { boostedTrees } from "#lib/learn/estimators/boosted-trees.ts";
import { clusters } from "#lib/learn/estimators/clusters.ts";
import type { Estimator } from "#lib/learn/estimators/estimator.ts";
import { linearRegression, ridge } from "#lib/learn/estimators/linear.ts";
import { logisticRegression } from "#lib/learn/estimators/logistic.ts";
import { naiveBayes } from "#lib/learn/estimators/naive-bayes.ts";
import { neighbours } from "#lib/learn/estimators/neighbours.ts";
import { decisionTree, randomForest } from "#lib/learn/estimators/random-forest.ts";
import { targetEncoding } from "#lib/learn/preprocess/categories.ts";
import { daysSince1970 } from "#lib/learn/preprocess/date-formats.ts";
import { dates } from "#lib/learn/preprocess/dates.ts";
import { inspect } from "#lib/learn/preprocess/findings.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { type Columns, stratifiedFolds } from "#lib/learn/tables/table.ts";
import { customers, distance, throughOnnx } from "#test/kit/tables.ts";

const classifiers: [string, () => Estimator][] = [
  ["logistic regression", () => logisticRegression()],
  ["naive Bayes", () => naiveBayes()],
  ["neighbours", () => neighbours()],
  ["decision tree", () => decisionTree()],
  ["random forest", () => randomForest({ trees: 10 })],
  ["boosted trees", () => boostedTrees({ trees: 10, minLeaf: 2 })],
];
const how = { target: "y", positive: "yes" };
const random = mulberry32(1);
const n = 80;
const x = Float64Array.from({ length: n }, () => random());
const y = Array.from(x, (value) => (value + 0.3 * random() > 0.6 ? "yes" : "no"));
const wordsOf = (table: Columns, options: Parameters<typeof inspect>[1] = how): string[] =>
  inspect(table, options).map((one) => one.sentence);

describe.each(classifiers)("%s", (_name, make) => {
  const fits = async (table: Columns, rows = table): Promise<Float64Array> => {
    const model = await make().fit(table, how);
    const p = model.predict(rows);
    expect(p.every((one) => one >= 0 && one <= 1)).toBe(true);
    expect(distance(model.answer(rows).probability!, (await throughOnnx(model, rows)).probability!)).toBeLessThan(1e-5);
    return p;
  };
  it("constant, empty and all-missing columns change nothing and are said", async () => {
    const table: Columns = {
      x,
      same: new Float64Array(n).fill(7),
      level: Array<string>(n).fill("one"),
      gone: new Float64Array(n).fill(Number.NaN),
      blank: Array<string>(n).fill(""),
      y,
    };
    await fits(table);
    const words = wordsOf(table).join("\n");
    expect(words).toMatch(/same is 7 wherever/);
    expect(words).toMatch(/level is "one" wherever/);
    expect(words).toMatch(/gone has no value/);
    expect(words).toMatch(/blank has no value/);
  });
  it("one class only, a missing target and a missing column are refused with what to do", async () => {
    await expect(make().fit({ x, y: Array<string>(n).fill("yes") }, how)).rejects.toThrow(/needs both classes/);
    await expect(make().fit({ x, y: y.map((one, i) => (i === 3 ? "" : one)) }, how)).rejects.toThrow(/no value in 1 of 80 rows/);
    await expect(make().fit({ x, y }, { target: "z" })).rejects.toThrow(/no column z/);
    const model = await make().fit({ x, y }, how);
    expect(() => model.predict({ other: x })).toThrow(/no column x/);
    expect(() => model.predict({ x: y })).toThrow(/was numbers when the model was fitted and is text here/);
  });
  it("unseen categories and infinite, huge and missing numbers are like missing", async () => {
    const level = Array.from({ length: n }, (_, i) => "abcd"[i % 4]!);
    const wild = x.map((value, i) => (i % 10 === 0 ? Number.POSITIVE_INFINITY : i % 10 === 1 ? -1e308 : value));
    const table: Columns = { wild, level, y };
    await fits(table);
    expect(wordsOf(table).join("\n")).toMatch(/wild is infinite or beyond .* in 16 rows\. They count as missing/);
    const [odd, missing] = await Promise.all([
      fits(table, { wild: Float64Array.of(Number.POSITIVE_INFINITY, 1e300, Number.NaN), level: ["new", "newer", "newest"] }),
      fits(table, { wild: Float64Array.of(Number.NaN, Number.NaN, Number.NaN), level: ["", "", ""] }),
    ]);
    expect(odd).toEqual(missing);
  });
  it("more columns than rows", async () => {
    const wide: Columns = {
      ...Object.fromEntries(Array.from({ length: 120 }, (_, j) => [`c${j}`, Float64Array.from({ length: n }, () => random())])),
      y,
    };
    await fits(wide);
    expect(wordsOf(wide).join("\n")).toMatch(/more columns \(120\) than rows \(80\)/);
  });
  it("a column that changes type half-way is read as numbers, the text in it as missing", async () => {
    const mixed = Array.from(x, (value, i) => (i === 50 ? "n/a" : String(value)));
    await fits({ mixed, y }, { mixed: ["0.5", "unknown", "", "1e3"] });
    expect(wordsOf({ mixed, y }).join("\n")).toMatch(/mixed is a number in most rows; 1 rows hold other text, first row 51: "n\/a"/);
  });
});

describe("a column that changes type half-way", () => {
  const half = Array.from(x, (value, i) => (i < n / 2 ? String(value) : "abc"[i % 3]!));
  it("is said with the row of the change, and is read as levels: numbers that were not there are like missing", async () => {
    expect(wordsOf({ half, y }).join("\n")).toMatch(
      /half changes its type: a number in 40 of 80 rows and text in the others, the first change in row 41: "b".* read as levels/,
    );
    expect(wordsOf({ code: Array.from(x, (_, i) => (i % 2 ? "7" : "A")), y }).join("\n")).not.toMatch(/code changes/);
    const model = await logisticRegression().fit({ half, y }, how);
    const [odd, missing] = [model.answer({ half: ["0.123", "zzz"] }).probability!, model.predict({ half: ["", ""] })];
    expect([...(odd.data as Float64Array)]).toEqual([...missing]);
    expect(distance(model.answer({ half }).probability!, (await throughOnnx(model, { half })).probability!)).toBeLessThan(1e-5);
  });
  it("of rows judged later is refused when the reader makes it another type", async () => {
    const model = await boostedTrees({ trees: 5, minLeaf: 2 }).fit({ half, x, y }, how);
    expect(() => model.predict({ half: x, x })).toThrow(/half was text when the model was fitted and is numbers here/);
  });
});

describe("dates", () => {
  const forms: [string, (d: number, m: number, y: number) => string][] = [
    ["2024-03-05", (d, m, year) => `${year}-${String(m).padStart(2, "0")}-${String(d).padStart(2, "0")}`],
    ["05.03.2024", (d, m, year) => `${d}.${m}.${year}`],
    ["03/05/2024", (d, m, year) => `${m}/${d}/${year}`],
    [
      "5 Mar 2024",
      (d, m, year) => `${d} ${["Jan", "Feb", "March", "Apr", "May", "June", "Jul", "Aug", "Sept", "October", "Nov", "Dec"][m - 1]} ${year}`,
    ],
    [
      "Mar 5, 2024",
      (d, m, year) => `${["JAN", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "December"][m - 1]} ${d}, ${year}`,
    ],
    ["20240305", (d, m, year) => `${year}${String(m).padStart(2, "0")}${String(d).padStart(2, "0")}`],
  ];
  const days = Array.from({ length: 120 }, (_, i) => ({ d: 1 + ((i * 7) % 28), m: 1 + (i % 12), year: 1968 + (i % 70) }));
  it.each(forms)("%s is read to the day, before and after 1970, here and in the file", async (name, write) => {
    const when = days.map(({ d, m, year }) => write(d, m, year));
    const table: Columns = { when, y: days.map(({ m }) => (m > 6 ? "yes" : "no")) };
    const model = await decisionTree({
      preprocess: { when: dates({ parts: ["day number", "year", "month", "day of month", "weekday"] }) },
    }).fit(table, how);
    const matrix = model.inside.pipeline.encode(table);
    for (const [i, { d, m, year }] of days.entries()) {
      const date = new Date(Date.UTC(year, m - 1, d));
      const wanted = [date.getTime() / 86_400_000, year, m, d, (date.getUTCDay() + 6) % 7];
      expect([...matrix.data.subarray(i * 5, i * 5 + 5)]).toEqual(wanted);
      expect(daysSince1970(year, m, d)).toBe(wanted[0]);
    }
    expect(distance(model.answer(table).probability!, (await throughOnnx(model, table)).probability!)).toBeLessThan(1e-6);
    expect(wordsOf(table).join("\n")).toContain(`when is a date, written like ${name}.`);
  });
  it("five formats in one column, gaps and nonsense: each row is read, the rest is missing", async () => {
    const when = days.map(({ d, m, year }, i) => (i % 30 === 29 ? "soon" : i % 40 === 39 ? "" : forms[i % 5]![1](d, m, year)));
    const table: Columns = { when, y: days.map(({ m }) => (m > 6 ? "yes" : "no")) };
    const model = await boostedTrees({ trees: 20, minLeaf: 2 }).fit(table, how);
    const matrix = model.inside.pipeline.encode(table);
    expect(Array.from({ length: 120 }, (_, i) => Number.isNaN(matrix.data[i * matrix.width]!))).toEqual(
      when.map((text) => text === "soon" || text === ""),
    );
    expect(distance(model.answer(table).probability!, (await throughOnnx(model, table)).probability!)).toBeLessThan(1e-5);
    expect(wordsOf(table).join("\n")).toMatch(/written in 5 ways .* are no dates and count as missing/);
  });
  it("day or month first is decided by the rows that show it, and doubt is said", () => {
    const dayFirst = ["13/02/2024", "01/02/2024", "03/04/2024", "25/12/2023"];
    const encoder = dates({ parts: ["month"] }).fit(dayFirst, { name: "when", goal: { task: "none" }, seed: 0 });
    const data = new Float32Array(4);
    encoder.encode(dayFirst, { data, width: 1, at: 0 });
    expect([...data]).toEqual([2, 2, 4, 12]);
    expect(wordsOf({ when: ["01/02/2024", "03/04/2024", "05/06/2024"] }, {}).join("\n")).toMatch(
      /No row shows whether day or month comes first; month first is taken/,
    );
  });
});

describe("leaks", () => {
  it("a column that tells the target is named, as number, as level and by its gaps; an honest one is not", () => {
    const table: Columns = {
      x,
      copied: Float64Array.from(y, (one) => (one === "yes" ? 10 : 2)),
      status: y.map((one, i) => (one === "yes" ? `closed ${i % 3}` : "open")),
      closedOn: Float64Array.from(y, (one, i) => (one === "yes" ? i : Number.NaN)),
      y,
    };
    const grave = inspect(table, how).filter((one) => one.kind === "leak");
    expect(grave.map((one) => one.column).sort()).toEqual(["closedOn", "copied", "status"]);
    expect(grave[0]!.sentence).toMatch(/alone tells y almost exactly \(AUC 1\.000\)\. Was it written after/);
    expect(inspect(customers(400, 1), { target: "isLost", positive: "yes" }).filter((one) => one.kind === "leak")).toEqual([]);
    expect(
      inspect({ spend: x.map((one) => 3 * one + 2), z: x.map(() => random()), t: x }, { target: "t" }).map((one) => one.column),
    ).toEqual(["spend"]);
  });
  it("is found in a long table by a part of its rows", () => {
    const long = Float64Array.from({ length: 60_000 }, (_, i) => ((i * 7919) % 60_000) / 60_000);
    const table: Columns = { long, copied: long.map((one) => Number(one > 0.5)), y: Array.from(long, (one) => (one > 0.5 ? "yes" : "no")) };
    expect(
      inspect(table, how)
        .filter((one) => one.kind === "leak")
        .map((one) => one.column),
    ).toEqual(["long", "copied"]);
    expect(
      inspect({ ...table, long: long.map((_, i) => i % 7) }, how)
        .filter((one) => one.kind === "leak")
        .map((one) => one.column),
    ).toEqual(["copied"]);
  });
  it("target encoding shows no row its own label: a level of its own for every row teaches nothing", async () => {
    const random = mulberry32(5);
    const id = Array.from({ length: 400 }, (_, i) => `id ${i}`);
    const label = id.map(() => (random() < 0.5 ? "yes" : "no"));
    const model = await logisticRegression({ preprocess: { id: targetEncoding({ smoothing: 1 }) } }).fit({ id, y: label }, how);
    const matrix = model.inside.pipeline.encodeTraining({ id, y: label });
    expect(new Set(matrix.data).size).toBeLessThanOrEqual(5);
  });
});

describe("the rest", () => {
  it("an identifier and a class of few rows are said", () => {
    const words = wordsOf({ id: Array.from({ length: n }, (_, i) => `row ${i}`), y: y.map((_, i) => (i < 3 ? "yes" : "no")) }).join("\n");
    expect(words).toMatch(/id is different in nearly every row/);
    expect(words).toMatch(/y is "yes" in only 3 rows/);
  });
  it("folds that would be empty are refused", () => {
    expect(() => stratifiedFolds({ y }, "y", 100)).toThrow(/100 folds of 80 rows cannot be made/);
    expect(stratifiedFolds({ y: [...Array<string>(9).fill("no"), "yes"] }, "y", 5).every((fold) => fold.testRows.length > 0)).toBe(true);
  });
  it("rows of one class cannot be judged by a classifier's metrics, and are told so", async () => {
    const model = await logisticRegression().fit({ x, y }, how);
    expect(() => model.evaluate({ x: x.slice(0, 5), y: Array<string>(5).fill("yes") })).toThrow(/only rows with "yes"/);
  });
  it("numbers: a target with gaps or infinities is refused; a constant one is learned", async () => {
    await expect(ridge().fit({ x, t: x.map((one, i) => (i === 1 ? Number.POSITIVE_INFINITY : one)) }, { target: "t" })).rejects.toThrow(
      /no value in 1 of 80 rows/,
    );
    for (const estimator of [linearRegression(), ridge(), boostedTrees({ trees: 5 }), randomForest({ trees: 5 })])
      expect(
        (await estimator.fit({ x, t: new Float64Array(n).fill(4) }, { target: "t" }))
          .predict({ x })
          .every((one) => Math.abs(one - 4) < 1e-6),
      ).toBe(true);
  });
  it("weights of 0 are rows that are not there; negative and missing ones are refused", async () => {
    const w = Float64Array.from({ length: n }, (_, i) => Number(i % 2));
    const half: Columns = { x: x.filter((_, i) => i % 2 === 1), t: x.filter((_, i) => i % 2 === 1).map((one) => one ** 2) };
    const raw = (await import("#lib/learn/preprocess/numbers.ts")).numbers({ scale: "none" });
    const weighted = await ridge({ preprocess: { x: raw } }).fit({ x, t: x.map((one) => one ** 2), w }, { target: "t", weight: "w" });
    const alone = await ridge({ preprocess: { x: raw } }).fit(half, { target: "t" });
    expect(distance(weighted.answer({ x }).prediction!, alone.predict({ x }))).toBeLessThan(1e-9);
    await expect(ridge().fit({ x, t: x, w: w.map((one) => -one) }, { target: "t", weight: "w" })).rejects.toThrow(/not negative/);
  });
  it("options out of range or unknown are told with what there is", () => {
    expect(() => boostedTrees({ depth: 99 })).toThrow(/depth: 99 is outside 1 to 16/);
    expect(() => logisticRegression({ c: 1 } as never)).toThrow(/no option c\. It has: l2, l1, maxIterations/);
    expect(() => clusters({ k: 0 })).toThrow(/k: 0 is outside/);
    expect(() => boostedTrees({ loss: 2 })).toThrow(/no quantile/);
  });
  it("monotone columns rise and fall, whatever the noise says; classes cannot", async () => {
    const random = mulberry32(9);
    const a = Float64Array.from({ length: 600 }, () => random());
    const b = Float64Array.from({ length: 600 }, () => random());
    const t = a.map((one, i) => one - b[i]! + 1.5 * (random() - 0.5));
    const model = await boostedTrees({ trees: 80, minLeaf: 3, monotone: { a: "rising", b: "falling" } }).fit({ a, b, t }, { target: "t" });
    const grid = Float64Array.from({ length: 200 }, (_, i) => i / 199);
    for (const fixed of [0.1, 0.5, 0.9]) {
      const still = new Float64Array(200).fill(fixed);
      const rising = model.predict({ a: grid, b: still });
      const falling = model.predict({ a: still, b: grid });
      expect(rising.every((one, i) => i === 0 || one >= rising[i - 1]!)).toBe(true);
      expect(falling.every((one, i) => i === 0 || one <= falling[i - 1]!)).toBe(true);
      expect(rising[199]!).toBeGreaterThan(rising[0]!);
    }
    await expect(
      boostedTrees({ monotone: { a: "rising" } }).fit({ a, k: Array.from(a, (_, i) => "abc"[i % 3]!) }, { target: "k" }),
    ).rejects.toThrow(/Leave monotone out/);
  });
});
