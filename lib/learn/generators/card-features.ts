// The fifteen features of the fraud design, and its way of splitting weeks. A customer's windows reach up to and including the transaction;
// a terminal's are delayed by seven days, because that is when one knows which transactions were fraud.
import { daySeconds, rowsBy, type Transactions } from "#lib/learn/generators/card-transactions.ts";
import type { Columns } from "#lib/learn/tables/table.ts";

const windows = [1, 7, 30] as const;
const delayDays = 7;

const sizeOf = (column: Float64Array): number => column.reduce((most, one) => Math.max(most, one), -1) + 1;

/** Walks rows in time with windows of several lengths at once; `visit` gets the row and, by window, count and sum over (t − w, t]. */
const slide = (
  time: Float64Array,
  values: Float64Array,
  rows: readonly number[],
  lengths: readonly number[],
  visit: (row: number, counts: Float64Array, sums: Float64Array) => void,
): void => {
  const tails = new Int32Array(lengths.length);
  const counts = new Float64Array(lengths.length);
  const sums = new Float64Array(lengths.length);
  for (const row of rows) {
    for (let w = 0; w < lengths.length; w++) {
      counts[w]! += 1;
      sums[w]! += values[row]!;
      const start = time[row]! - lengths[w]!;
      for (let tail = rows[tails[w]!]!; time[tail]! <= start; tail = rows[tails[w]!]!) {
        counts[w]! -= 1;
        sums[w]! -= values[tail]!;
        tails[w]! += 1;
      }
    }
    visit(row, counts, sums);
  }
};

/**
 * Features of every transaction, with `isFraud` beside them.
 * @example
 * const table = cardFeatures(cardTransactions({ days: 60 }).transactions);
 */
export const cardFeatures = (all: Transactions): Columns => {
  const n = all.time.length;
  const blanks = (): Float64Array[] => windows.map(() => new Float64Array(n));
  const [customerCounts, customerMeans, terminalCounts, terminalFrauds] = [blanks(), blanks(), blanks(), blanks()];
  const spans = windows.map((w) => w * daySeconds);
  for (const rows of rowsBy(all.customer, sizeOf(all.customer)))
    slide(all.time, all.amount, rows, spans, (row, counts, sums) => {
      for (let w = 0; w < windows.length; w++) {
        customerCounts[w]![row] = counts[w]!;
        customerMeans[w]![row] = sums[w]! / counts[w]!;
      }
    });
  const delayed = [delayDays, ...windows.map((w) => delayDays + w)].map((w) => w * daySeconds);
  for (const rows of rowsBy(all.terminal, sizeOf(all.terminal)))
    slide(all.time, all.isFraud, rows, delayed, (row, counts, sums) => {
      for (let w = 0; w < windows.length; w++) {
        const count = counts[w + 1]! - counts[0]!;
        terminalCounts[w]![row] = count;
        terminalFrauds[w]![row] = count > 0 ? (sums[w + 1]! - sums[0]!) / count : 0;
      }
    });
  const named = (prefix: string, columns: Float64Array[]) => windows.map((w, k) => [`${prefix}${w}d`, columns[k]!] as const);
  return {
    amount: all.amount,
    // day 0 is a Sunday
    isWeekend: all.day.map((day) => Number(day % 7 === 0 || day % 7 === 6)),
    isNight: all.time.map((time) => Number(Math.floor((time % daySeconds) / 3600) <= 6)),
    ...Object.fromEntries(
      windows.flatMap((_, k) => [named("customerCount", customerCounts)[k]!, named("customerMean", customerMeans)[k]!]),
    ),
    ...Object.fromEntries(
      windows.flatMap((_, k) => [named("terminalCount", terminalCounts)[k]!, named("terminalFraud", terminalFrauds)[k]!]),
    ),
    isFraud: all.isFraud,
  };
};

/**
 * Rows of one training week, and of a test week after the label delay, without cards already known to be compromised by then (from the
 * training week and from labels that arrive day by day).
 * @example
 * const { trainRows, testRows } = fraudWeeks(transactions, 35);
 * const model = await randomForest().fit(takeRows(table, trainRows), { target: "isFraud", positive: 1 });
 */
export const fraudWeeks = (
  all: Transactions,
  startDay: number,
  options: { trainDays?: number; delay?: number; testDays?: number } = {},
): { trainRows: number[]; testRows: number[] } => {
  const { trainDays = 7, delay = 7, testDays = 7 } = options;
  const byDay = rowsBy(all.day, sizeOf(all.day));
  const last = startDay + trainDays + delay + testDays - 1;
  if (!byDay[last]) throw new Error(`The transactions end before day ${last}. Make more days, or start earlier.`);
  const trainRows = byDay.slice(startDay, startDay + trainDays).flat();
  const known = new Set(trainRows.filter((row) => all.isFraud[row]).map((row) => all.customer[row]!));
  const testRows: number[] = [];
  for (let d = 0; d < testDays; d++) {
    for (const row of byDay[startDay + trainDays + d - 1]!) if (all.isFraud[row]) known.add(all.customer[row]!);
    testRows.push(...byDay[startDay + trainDays + delay + d]!.filter((row) => !known.has(all.customer[row]!)));
  }
  return { trainRows, testRows };
};

/**
 * Card precision@k: each day, the k cards with the greatest score; the share of them that were defrauded that day; the mean of days. A card
 * that was found drops out of the days after.
 * @example
 * cardPrecision(transactions, testRows, model.predict(takeRows(table, testRows)), 100);
 */
export const cardPrecision = (all: Transactions, rows: readonly number[], scores: ArrayLike<number>, k = 100): number => {
  const days = new Map<number, Map<number, { score: number; isFraud: boolean }>>();
  for (const [at, row] of rows.entries()) {
    const cards = days.get(all.day[row]!) ?? new Map<number, { score: number; isFraud: boolean }>();
    days.set(all.day[row]!, cards);
    const held = cards.get(all.customer[row]!);
    cards.set(all.customer[row]!, {
      score: Math.max(held?.score ?? Number.NEGATIVE_INFINITY, scores[at]!),
      isFraud: (held?.isFraud ?? false) || all.isFraud[row] === 1,
    });
  }
  let sum = 0;
  const found = new Set<number>();
  for (const [, cards] of [...days].sort((a, b) => a[0] - b[0])) {
    const open = [...cards].filter(([card]) => !found.has(card));
    const best = open.sort((a, b) => b[1].score - a[1].score || a[0] - b[0]).slice(0, k);
    const right = best.filter(([, card]) => card.isFraud);
    sum += right.length / k;
    for (const [card] of right) found.add(card);
  }
  return sum / Math.max(1, days.size);
};
