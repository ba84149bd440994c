// Generators against their published marginals, and the fraud protocol against published figures. Sizes are those of the publication where
// the check is about them.
import { beforeAll, describe, expect, it } from "vitest";
import { boostedTrees } from "#lib/learn/estimators/boosted-trees.ts";
import { logisticRegression } from "#lib/learn/estimators/logistic.ts";
import { randomForest } from "#lib/learn/estimators/random-forest.ts";
import { cardFeatures, cardPrecision, fraudWeeks } from "#lib/learn/generators/card-features.ts";
import { cardTransactions, type Transactions } from "#lib/learn/generators/card-transactions.ts";
import { itemEvents } from "#lib/learn/generators/item-events.ts";
import { readmissionCohort } from "#lib/learn/generators/readmission.ts";
import { averagePrecision, rocAuc } from "#lib/learn/metrics/classification.ts";
import { type Columns, dropColumns, takeRows } from "#lib/learn/tables/table.ts";

const day = 86_400;
const share = (values: ArrayLike<number>, isSuch: (value: number, i: number) => boolean): number =>
  Array.from(values).filter(isSuch).length / values.length;

describe("card transactions", () => {
  let all: Transactions;
  let table: Columns;
  beforeAll(() => {
    all = cardTransactions({ days: 137, seed: 0 }).transactions;
    table = cardFeatures(all);
  });

  it("about 9,590 a day, .8 to .9 % fraud, shares near 7, 62 and 31 % in the days when all kinds are at full strength", () => {
    expect(all.time.length / 137).toBeGreaterThan(9590 * 0.97);
    expect(all.time.length / 137).toBeLessThan(9590 * 1.03);
    const settled = Array.from(all.day.keys()).filter((i) => all.day[i]! >= 30);
    const frauds = settled.filter((i) => all.isFraud[i] === 1);
    expect(frauds.length / settled.length).toBeGreaterThan(0.0078);
    expect(frauds.length / settled.length).toBeLessThan(0.0098);
    const part = (scenario: number): number => frauds.filter((i) => all.scenario[i] === scenario).length / frauds.length;
    expect(Math.abs(part(1) - 0.07)).toBeLessThan(0.025);
    expect(Math.abs(part(2) - 0.62)).toBeLessThan(0.05);
    expect(Math.abs(part(3) - 0.31)).toBeLessThan(0.05);
    expect(all.amount.every((amount) => amount >= 0 && Math.abs(amount * 100 - Math.round(amount * 100)) < 1e-6)).toBe(true);
  });
  it("the fifteen features equal a direct count over the windows", () => {
    expect(Object.keys(table)).toHaveLength(16);
    for (const row of [40_000, 400_000, 1_000_000, 1_200_000]) {
      const t = all.time[row]!;
      const rowsOf = (column: Float64Array) => Array.from({ length: row + 1 }, (_, i) => i).filter((i) => column[i] === column[row]);
      const mine = rowsOf(all.customer).filter((i) => all.time[i]! > t - 7 * day);
      expect(table.customerCount7d![row]).toBe(mine.length);
      expect(table.customerMean7d![row] as number).toBeCloseTo(mine.reduce((sum, i) => sum + all.amount[i]!, 0) / mine.length, 6);
      const late = rowsOf(all.terminal).filter((i) => all.time[i]! > t - 37 * day && all.time[i]! <= t - 7 * day);
      expect(table.terminalCount30d![row]).toBe(late.length);
      expect(table.terminalFraud30d![row] as number).toBeCloseTo(
        late.length === 0 ? 0 : late.reduce((sum, i) => sum + all.isFraud[i]!, 0) / late.length,
        9,
      );
    }
    expect(table.isWeekend![all.day.indexOf(6)]).toBe(1);
    expect(table.isWeekend![all.day.indexOf(8)]).toBe(0);
  });
  it("a week of it: logistic regression within .02 of AUC .87, a forest's AP at least .65, boosting between", async () => {
    const { trainRows, testRows } = fraudWeeks(all, 115);
    const [train, test] = [takeRows(table, trainRows), takeRows(table, testRows)];
    const judge = async (estimator: ReturnType<typeof logisticRegression>) => {
      const scores = (await estimator.fit(train, { target: "isFraud", positive: 1 })).predict(test);
      const y = test.isFraud as Float64Array;
      return { auc: rocAuc(y, scores), ap: averagePrecision(y, scores), card: cardPrecision(all, testRows, scores, 100) };
    };
    const logistic = await judge(logisticRegression());
    const forest = await judge(randomForest({ trees: 100, seed: 0 }));
    const boosted = await judge(boostedTrees({ trees: 100, depth: 4, rate: 0.1, minLeaf: 10 }));
    expect(Math.abs(logistic.auc - 0.87)).toBeLessThan(0.02);
    expect(forest.ap).toBeGreaterThan(0.65);
    expect(boosted.auc).toBeGreaterThan(0.84);
    for (const one of [logistic, forest, boosted]) expect(one.card).toBeGreaterThan(0.2);
  }, 240_000);
});

describe("drift switches", () => {
  const small = { customers: 300, terminals: 600, days: 40, radius: 12, seed: 4 };
  const still = cardTransactions(small).transactions;
  it("nothing changes before the day, and the truth counts the rows after it", () => {
    const { transactions: moved, truth } = cardTransactions({ ...small, drift: [{ day: 25, kind: "amounts", factor: 2 }] });
    const before = Array.from(still.day.keys()).filter((i) => still.day[i]! < 25 && still.scenario[i] === 0 && moved.scenario[i] === 0);
    expect(before.every((i) => still.amount[i] === moved.amount[i])).toBe(true);
    expect(truth).toEqual([{ day: 25, kind: "amounts", rows: still.day.filter((one) => one >= 25).length }]);
    const mean = (table: Transactions) => table.amount.filter((_, i) => table.day[i]! >= 25).reduce((a, b) => a + b, 0);
    expect(mean(moved) / mean(still)).toBeGreaterThan(1.7);
  });
  it("the fourth kind of fraud begins on its day and is counted", () => {
    const { transactions: moved, truth } = cardTransactions({ ...small, drift: [{ day: 25, kind: "scenario" }] });
    const fourth = moved.scenario.filter((one) => one === 4).length;
    expect(truth).toEqual([{ day: 25, kind: "scenario", rows: fourth }]);
    expect(fourth).toBeGreaterThan(50);
    expect(moved.scenario.every((one, i) => one !== 4 || moved.day[i]! >= 25)).toBe(true);
  });
  it("the same seed makes the same transactions, another seed others", () => {
    expect(cardTransactions(small).transactions.amount).toEqual(still.amount);
    expect(cardTransactions({ ...small, seed: 5 }).transactions.amount).not.toEqual(still.amount);
  });
});

describe("readmission cohort", () => {
  const cohort = readmissionCohort({ patients: 12_000, seed: 0 });
  it("eleven in a hundred come back, stays are 1 to 14 days, gaps are coded, patients have several encounters", () => {
    const readmitted = cohort.readmitted as string[];
    expect(Math.abs(readmitted.filter((one) => one === "yes").length / readmitted.length - 0.11)).toBeLessThan(0.008);
    expect(Math.min(...(cohort.stayDays as Float64Array))).toBe(1);
    expect(Math.max(...(cohort.stayDays as Float64Array))).toBeLessThanOrEqual(14);
    expect(
      share(
        (cohort.weight as string[]).map((one) => Number(one === "?")),
        (one) => one === 1,
      ),
    ).toBeGreaterThan(0.9);
    expect(readmitted.length / 12_000).toBeGreaterThan(1.2);
  });
  it("grouped by patient, models reach honest areas and prior inpatient stays matter most", async () => {
    const rows = [...readmitted(cohort).keys()];
    const isTest = (i: number) => (cohort.patient as Float64Array)[i]! % 5 === 0;
    const inputs = dropColumns(cohort, ["patient", "encounter"]);
    const [train, test] = [
      takeRows(
        inputs,
        rows.filter((i) => !isTest(i)),
      ),
      takeRows(inputs, rows.filter(isTest)),
    ];
    const how = { target: "readmitted", positive: "yes" };
    const logistic = await logisticRegression().fit(train, how);
    const boosted = await boostedTrees({ trees: 120, depth: 3, rate: 0.05 }).fit(train, how);
    for (const model of [logistic, boosted]) {
      expect(model.evaluate(test).auc).toBeGreaterThan(0.64);
      expect(model.evaluate(test).auc).toBeLessThan(0.75);
    }
    const { importance } = await import("#lib/learn/explain/importance.ts");
    expect(importance(boosted)[0]!.column).toBe("priorInpatient");
  });
});
const readmitted = (cohort: Columns): string[] => cohort.readmitted as string[];

describe("item events", () => {
  it("have a long tail, and fashion drifts", () => {
    const events = itemEvents({ users: 600, items: 200, drift: 2, seed: 0 });
    const counts = new Map<string, number>();
    for (const item of events.item as string[]) counts.set(item, (counts.get(item) ?? 0) + 1);
    const sorted = [...counts.values()].sort((a, b) => b - a);
    const total = sorted.reduce((a, b) => a + b);
    expect(sorted.slice(0, 20).reduce((a, b) => a + b) / total).toBeGreaterThan(0.3);
    const top = (isIn: (day: number) => boolean): Set<string> => {
      const own = new Map<string, number>();
      for (const [e, item] of (events.item as string[]).entries())
        if (isIn((events.day as Float64Array)[e]!)) own.set(item, (own.get(item) ?? 0) + 1);
      return new Set(
        [...own]
          .sort((a, b) => b[1] - a[1])
          .slice(0, 20)
          .map(([item]) => item),
      );
    };
    const [early, late] = [top((one) => one < 20), top((one) => one >= 40)];
    expect([...early].filter((item) => late.has(item)).length).toBeLessThan(17);
  });
});
