// Tables for learning tests: real ones from files, made ones from seeds, and a model file answering rows as a server would.
import { readFileSync } from "node:fs";
import ort from "onnxruntime-node";
import type { Fitted, Output } from "#lib/learn/estimators/estimator.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { type Columns, isNumeric } from "#lib/learn/tables/table.ts";

/** Reads a CSV of simple cells; "" and NA are missing. */
export const readTable = (path: string): Columns => {
  const [head, ...lines] = readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(",").map((cell) => cell.replaceAll('"', "")));
  return Object.fromEntries(
    head!.map((name, j) => {
      const cells = lines.map((line) => line[j]!);
      const isNumber = cells.every((cell) => cell === "" || cell === "NA" || !Number.isNaN(Number(cell)));
      return [
        name,
        isNumber
          ? Float64Array.from(cells, (cell) => (cell === "" || cell === "NA" ? Number.NaN : Number(cell)))
          : cells.map((cell) => (cell === "NA" ? "" : cell)),
      ];
    }),
  );
};

/** Answers of the ONNX file to raw columns, every output by name. */
export const throughOnnx = async (model: Fitted, rows: Columns): Promise<Record<string, ArrayLike<number | bigint | string>>> => {
  const session = await ort.InferenceSession.create(model.toOnnx(), { logSeverityLevel: 3, intraOpNumThreads: 1 });
  const feeds = Object.fromEntries(
    model.signature.inputs.map(({ name, datatype }) => {
      const column = rows[name]!;
      return [
        name,
        datatype === "FP32"
          ? new ort.Tensor("float32", Float32Array.from(column as Float64Array), [column.length, 1])
          : new ort.Tensor("string", column as string[], [column.length, 1]),
      ];
    }),
  );
  const answers = await session.run(feeds);
  return Object.fromEntries(Object.entries(answers).map(([name, tensor]) => [name, tensor.data as ArrayLike<number | bigint | string>]));
};

/** How far an answer is from another: |a − b|, relative where numbers are beyond 1; a differing text is infinitely far. */
export const distance = (ours: Output, theirs: ArrayLike<number | bigint | string>): number => {
  if (ours.data.length !== theirs.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < theirs.length; i++) {
    const [a, b] = [ours.data[i]!, theirs[i]!];
    if (typeof a === "string") most = Math.max(most, a === b ? 0 : Number.POSITIVE_INFINITY);
    else most = Math.max(most, Number.isNaN(a) && Number.isNaN(Number(b)) ? 0 : Math.abs(a - Number(b)) / Math.max(1, Math.abs(a)));
  }
  return most;
};

/** Spoils rows as the world does: unseen and missing levels, missing, infinite and huge numbers. */
export const spoiled = (table: Columns, but: readonly string[] = []): Columns =>
  Object.fromEntries(
    Object.entries(table).map(([name, column], c) => {
      if (but.includes(name)) return [name, column];
      if (isNumeric(column))
        return [
          name,
          column.map((value, i) => {
            const turn = (i + c) % 11;
            return turn === 0 ? Number.NaN : turn === 5 ? Number.POSITIVE_INFINITY : turn === 7 ? 1e300 : value;
          }),
        ];
      return [name, column.map((level, i) => ((i + c) % 9 === 0 ? "a level nobody saw" : (i + c) % 7 === 0 ? "" : level))];
    }),
  );

const places = ["north", "south", "east", "west", "centre", ""];
const words = ["late", "payment", "again", "fine", "thanks", "overdue", "call", "customer", "angry", "refund", "happy", "Ordered"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const dateText = (i: number, y: number, m: number, d: number): string => {
  const two = (n: number): string => String(n).padStart(2, "0");
  const forms = [
    `${y}-${two(m)}-${two(d)}`,
    `${two(d)}.${two(m)}.${y}`,
    `${months[m - 1]} ${d}, ${y}`,
    `${d} ${months[m - 1]} ${y}`,
    `${y}${two(m)}${two(d)}`,
    `${y}-${two(m)}-${two(d)}T1${d % 10}:30:00Z`,
  ];
  return forms[i % forms.length]!;
};

/**
 * Customers with every sort of column: numbers with gaps, levels, a level of very many, prose, dates in six formats, numbers as text; and
 * four targets that depend on them: `isLost` yes/no, `tier` of three, `spend`, `visits` (a count).
 */
export const customers = (rows: number, seed: number): Columns => {
  const random = mulberry32(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const list = Array.from({ length: rows }, (_, i) => {
    const age = Math.round(18 + 60 * random());
    const income = random() < 0.08 ? Number.NaN : Math.round(15_000 + 70_000 * random() * random());
    const place = pick(places);
    const month = 1 + Math.floor(random() * 12);
    const note = Array.from({ length: 5 + Math.floor(random() * 6) }, () => pick(words)).join(random() < 0.5 ? " " : ", ");
    const risk =
      (note.includes("overdue") ? 0.9 : 0) +
      (place === "north" ? 1 : place === "west" ? -0.8 : 0) +
      (40 - age) / 25 -
      (Number.isNaN(income) ? 0 : (income - 40_000) / 40_000) +
      (month > 9 ? 0.5 : 0);
    return {
      age,
      income,
      place,
      street: `street ${Math.floor(random() * random() * 400)}`,
      note,
      since: random() < 0.04 ? "" : dateText(i, 2015 + Math.floor(random() * 9), month, 1 + Math.floor(random() * 28)),
      balance: random() < 0.05 ? "n/a" : String(Math.round(1000 * risk + 4000 * random()) / 10),
      isLost: random() < 1 / (1 + Math.exp(-risk)) ? "yes" : "no",
      tier: risk + random() > 1.2 ? "gold" : risk + random() > 0 ? "silver" : "bronze",
      spend: Math.round((300 + 200 * risk + 100 * random()) * 100) / 100,
      visits: Math.floor(-Math.log(1 - random()) * Math.exp(0.4 * risk + 0.5)),
    };
  });
  const numbers = (of: (one: (typeof list)[number]) => number) => Float64Array.from(list, of);
  return {
    age: numbers((one) => one.age),
    income: numbers((one) => one.income),
    place: list.map((one) => one.place),
    street: list.map((one) => one.street),
    note: list.map((one) => one.note),
    since: list.map((one) => one.since),
    balance: list.map((one) => one.balance),
    isLost: list.map((one) => one.isLost),
    tier: list.map((one) => one.tier),
    spend: numbers((one) => one.spend),
    visits: numbers((one) => one.visits),
  };
};
