// Synthetic card transactions by the published design of the fraud-detection handbook (Le Borgne, Siblini, Lebichot, Bontempi 2022):
// customers spend at terminals near them, and three kinds of fraud are laid over it. Everything is made from a seed; nothing here is real.
//
// 1: every amount above 220. 2: each day two terminals turn bad for 28 days. 3: each day three customers' cards leak for 14 days, a third of
// their transactions is multiplied by five. Later kinds overwrite earlier ones. The design does not drift; the switches here make it.
import { mulberry32 } from "#lib/learn/random.ts";

/** What changes from a day on: all amounts times a factor, or a fourth kind of fraud (small amounts by leaked cards, at night). */
export type Drift = { day: number; kind: "amounts"; factor: number } | { day: number; kind: "scenario" };

export type CardOptions = {
  customers?: number;
  terminals?: number;
  days?: number;
  /** Distance within which a customer uses terminals, on a square of 100 × 100. */
  radius?: number;
  seed?: number;
  drift?: readonly Drift[];
};

/** Transactions in the order of time. `time` is seconds since the first day's midnight; `scenario` is 0 for honest ones. */
export type Transactions = {
  time: Float64Array;
  day: Float64Array;
  customer: Float64Array;
  terminal: Float64Array;
  amount: Float64Array;
  isFraud: Float64Array;
  scenario: Float64Array;
};

/** What was switched on, and how many rows it touched: to check alarms against. */
export type DriftTruth = { day: number; kind: string; rows: number };

export const daySeconds = 86_400;
/** 2018-04-01, a Sunday, is day 0. */
export const firstDay = "2018-04-01";

type Random = () => number;
const normal = (random: Random, mean: number, sd: number): number =>
  mean + sd * Math.sqrt(-2 * Math.log(Math.max(random(), 1e-12))) * Math.cos(2 * Math.PI * random());
/** Knuth's method; fine for the small rates here. */
const poisson = (random: Random, rate: number): number => {
  const floor = Math.exp(-rate);
  let count = 0;
  for (let product = random(); product > floor; product *= random()) count += 1;
  return count;
};
const cents = (value: number): number => Math.round(value * 100) / 100;

type Customer = { mean: number; rate: number; terminals: number[] };

const makeCustomers = (random: Random, settings: Required<CardOptions>): Customer[] => {
  const { customers, terminals, radius } = settings;
  const people = Array.from({ length: customers }, () => ({
    x: 100 * random(),
    y: 100 * random(),
    mean: 5 + 95 * random(),
    rate: 4 * random(),
  }));
  const places = Array.from({ length: terminals }, () => ({ x: 100 * random(), y: 100 * random() }));
  return people.map(({ x, y, mean, rate }) => ({
    mean,
    rate,
    terminals: places.flatMap((place, at) => (Math.hypot(place.x - x, place.y - y) < radius ? [at] : [])),
  }));
};

type Row = { time: number; day: number; customer: number; terminal: number; amount: number };

const makeDay = (random: Random, people: readonly Customer[], day: number): Row[] => {
  const rows: Row[] = [];
  for (const [customer, { mean, rate, terminals }] of people.entries()) {
    const count = poisson(random, rate);
    for (let t = 0; t < count; t++) {
      const second = Math.floor(normal(random, daySeconds / 2 - 200, 20_000));
      if (second <= 0 || second >= daySeconds) continue;
      const drawn = normal(random, mean, mean / 2);
      const amount = cents(drawn < 0 ? 2 * mean * random() : drawn);
      if (terminals.length === 0) continue;
      rows.push({ time: day * daySeconds + second, day, customer, terminal: terminals[Math.floor(random() * terminals.length)]!, amount });
    }
  }
  return rows.sort((a, b) => a.time - b.time);
};

const columnsOf = (rows: readonly Row[]): Transactions => ({
  time: Float64Array.from(rows, (row) => row.time),
  day: Float64Array.from(rows, (row) => row.day),
  customer: Float64Array.from(rows, (row) => row.customer),
  terminal: Float64Array.from(rows, (row) => row.terminal),
  amount: Float64Array.from(rows, (row) => row.amount),
  isFraud: new Float64Array(rows.length),
  scenario: new Float64Array(rows.length),
});

/** Rows of each value of a column, in order. */
export const rowsBy = (column: Float64Array, size: number): number[][] => {
  const groups: number[][] = Array.from({ length: size }, () => []);
  for (let i = 0; i < column.length; i++) groups[column[i]!]!.push(i);
  return groups;
};

const mark = (all: Transactions, row: number, scenario: number): void => {
  all.isFraud[row] = 1;
  all.scenario[row] = scenario;
};

const shiftAmounts = (all: Transactions, drift: Drift & { kind: "amounts" }): DriftTruth => {
  let rows = 0;
  for (let i = 0; i < all.day.length; i++) {
    if (all.day[i]! < drift.day) continue;
    all.amount[i] = cents(all.amount[i]! * drift.factor);
    rows += 1;
  }
  return { day: drift.day, kind: drift.kind, rows };
};

/** Draws `count` different numbers below `size`. */
const pick = (random: Random, size: number, count: number): number[] => {
  const chosen = new Set<number>();
  while (chosen.size < Math.min(count, size)) chosen.add(Math.floor(random() * size));
  return [...chosen];
};

const within = (all: Transactions, rows: readonly number[], from: number, to: number): number[] =>
  rows.filter((row) => all.day[row]! >= from && all.day[row]! < to);

const layFraud = (all: Transactions, random: Random, settings: Required<CardOptions>): void => {
  const { customers, terminals, days } = settings;
  for (let i = 0; i < all.amount.length; i++) if (all.amount[i]! > 220) mark(all, i, 1);
  const byTerminal = rowsBy(all.terminal, terminals);
  for (let day = 0; day < days; day++)
    for (const terminal of pick(random, terminals, 2))
      for (const row of within(all, byTerminal[terminal]!, day, day + 28)) mark(all, row, 2);
  const byCustomer = rowsBy(all.customer, customers);
  for (let day = 0; day < days; day++)
    for (const customer of pick(random, customers, 3)) {
      const rows = within(all, byCustomer[customer]!, day, day + 14);
      for (const at of pick(random, rows.length, Math.floor(rows.length / 3))) {
        all.amount[rows[at]!] = cents(all.amount[rows[at]!]! * 5);
        mark(all, rows[at]!, 3);
      }
    }
};

/** Ten cards a day leak for seven days; half of their transactions turn small (a fifth of the amount) and fraudulent. */
const layFourth = (all: Transactions, random: Random, settings: Required<CardOptions>, from: number): DriftTruth => {
  const byCustomer = rowsBy(all.customer, settings.customers);
  let touched = 0;
  for (let day = from; day < settings.days; day++)
    for (const customer of pick(random, settings.customers, 10))
      for (const row of within(all, byCustomer[customer]!, day, day + 7)) {
        if (random() < 0.5) continue;
        all.amount[row] = cents(all.amount[row]! / 5);
        if (all.scenario[row] !== 4) touched += 1;
        mark(all, row, 4);
      }
  return { day: from, kind: "scenario", rows: touched };
};

/**
 * Makes transactions; about 9,590 a day at the published size, 0.8 to 0.9 % of them fraud.
 * @example
 * const { transactions, truth } = cardTransactions({ days: 60, seed: 1, drift: [{ day: 40, kind: "amounts", factor: 1.6 }] });
 */
export const cardTransactions = (options: CardOptions = {}): { transactions: Transactions; truth: DriftTruth[] } => {
  const settings = { customers: 5000, terminals: 10_000, days: 183, radius: 5, seed: 0, drift: [], ...options };
  for (const name of ["customers", "terminals", "days"] as const)
    if (!(Number.isInteger(settings[name]) && settings[name] >= 1 && settings[name] <= 100_000))
      throw new Error(`${name}: ${settings[name]} cannot be made. Give a whole number from 1 to 100000.`);
  const random = mulberry32(settings.seed);
  const people = makeCustomers(random, settings);
  const transactions = columnsOf(Array.from({ length: settings.days }, (_, day) => makeDay(random, people, day)).flat());
  const truth: DriftTruth[] = [];
  for (const drift of settings.drift) if (drift.kind === "amounts") truth.push(shiftAmounts(transactions, drift));
  layFraud(transactions, random, settings);
  for (const drift of settings.drift) if (drift.kind === "scenario") truth.push(layFourth(transactions, random, settings, drift.day));
  return { transactions, truth: truth.sort((a, b) => a.day - b.day) };
};
