// Decisions of the evaluation room: whether a suite fits its table and model, and which gates hold, each in a sentence (EV6).
import type { Column } from "#lib/datasets/contract.ts";
import { type Finding, type Gate, metricWords, type Plan, type Report, wordOfMetric } from "#lib/evaluation/contract.ts";
import type { Signature } from "#lib/models/contract.ts";

const figure = (value: number | null | undefined): string =>
  value === null || value === undefined ? "unknown" : Number(value.toPrecision(4)).toString().replace("-", "−");

const capital = (text: string): string => text[0]!.toUpperCase() + text.slice(1);

/** What is wrong with a plan beside a table; null when nothing is. */
export const planFault = (plan: Plan, columns: readonly Pick<Column, "name" | "type">[]): string | null => {
  const known = new Map(columns.map((one) => [one.name, one.type]));
  for (const [field, name] of [
    ["target", plan.target],
    ["answerColumn", plan.answerColumn],
    ["query", plan.query],
    ...plan.groups.map((one) => ["groups", one] as const),
  ] as const)
    if (name !== null && !known.has(name))
      return `${field}: ${plan.dataset} has no column ${name}. It has ${[...known.keys()].slice(0, 12).join(", ")}.`;
  if (plan.kind === "binary" && plan.positive === null) return "positive: Say which level of the target counts as positive.";
  if (plan.kind === "ranking" && plan.query === null) return "query: Say which column tells the rows that are ranked together.";
  if (plan.kind === "text" && plan.answerColumn === null) return "answerColumn: Say which column holds the texts to be judged.";
  const names = metricWords[plan.kind].map((one) => one.name);
  const strange = [...plan.metrics, ...plan.gates.map((gate) => gate.metric)].find((name) => !names.includes(name));
  if (strange) return `metrics: ${strange} is not measured for ${plan.kind}. There are ${names.join(", ")}.`;
  const group = plan.gates.find((gate) => "column" in gate && !plan.groups.includes(gate.column));
  if (group && "column" in group) return `gates: ${group.column} is not among the groups of the suite. Add it.`;
  if (plan.gates.some((gate) => gate.kind === "baseline") && plan.baseline === null) return "gates: A gate asks for a baseline. Name one.";
  return null;
};

/** The column a model takes that a table has not; null when the table has all. */
export const missingInput = (signature: Signature, columns: readonly { name: string }[]): string | null =>
  signature.inputs.find((input) => !columns.some((column) => column.name === input.name))?.name ?? null;

const holds = (value: number | null, bound: "least" | "most", limit: number): boolean =>
  value !== null && (bound === "least" ? value >= limit : value <= limit);
const boundWord = { least: "at least", most: "at most" } as const;

type Measured = Report["metrics"][number];
const interval = (one: { low: number | null; high: number | null }): string => `95 % interval ${figure(one.low)} to ${figure(one.high)}`;

const judgeValue = (gate: Extract<Gate, { kind: "value" }>, word: string, found: Measured | undefined): Finding => {
  const read = gate.isCertain ? (gate.bound === "least" ? found?.low : found?.high) : found?.value;
  return {
    isPassed: holds(read ?? null, gate.bound, gate.value),
    sentence: `${capital(word)} is ${figure(found?.value)}, ${found ? interval(found) : "not measured"}; asked for is ${boundWord[gate.bound]} ${figure(gate.value)}${gate.isCertain ? ", by the whole interval" : ""}.`,
  };
};

type Levels = { level: string; value: number | null; n: number }[];
const judgeGroup = (gate: Extract<Gate, { kind: "group" }>, word: string, levels: Levels): Finding => {
  const sorted = [...levels].sort((a, b) => ((a.value ?? 0) - (b.value ?? 0)) * (gate.bound === "least" ? 1 : -1));
  const worst = levels.find((one) => one.value === null) ?? sorted[0];
  return {
    isPassed: levels.length > 0 && levels.every((one) => holds(one.value, gate.bound, gate.value)),
    sentence: worst
      ? `${capital(word)} of ${gate.column} ${worst.level} is ${figure(worst.value)} on ${worst.n} rows, the worst group; asked for is ${boundWord[gate.bound]} ${figure(gate.value)} in every group.`
      : `${gate.column} has no groups.`,
  };
};

const judgeGap = (gate: Extract<Gate, { kind: "gap" }>, word: string, levels: Levels): Finding => {
  const sorted = levels.filter((one) => one.value !== null).sort((a, b) => a.value! - b.value!);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (!least || !most || sorted.length < levels.length)
    return { isPassed: false, sentence: `${capital(word)} could not be measured in every group of ${gate.column}.` };
  const gap = most.value! - least.value!;
  return {
    isPassed: gap <= gate.value,
    sentence: `${capital(word)} goes from ${figure(least.value)} for ${gate.column} ${least.level} to ${figure(most.value)} for ${most.level}: ${figure(gap)} apart; allowed are ${figure(gate.value)}.`,
  };
};

const judgeBaseline = (gate: Extract<Gate, { kind: "baseline" }>, word: string, isLess: boolean, found: Measured | undefined): Finding => {
  const difference = found?.difference;
  const worse = difference ? (isLess ? difference.high : difference.low === null ? null : -difference.low) : null;
  return {
    isPassed: worse !== null && worse !== undefined && worse <= gate.margin,
    sentence: difference
      ? `${capital(word)} is ${figure(found?.value)}, the baseline's ${figure(found?.baseline)}: ${figure(difference.value)} apart, ${interval(difference)}; it may be worse by ${figure(gate.margin)} at most.`
      : `${capital(word)} was not measured beside a baseline.`,
  };
};

/** Every gate with its sentence; null when the suite has none. */
export const judgeGates = (plan: Plan, report: Report): { isPassed: boolean; findings: Finding[] } | null => {
  if (plan.gates.length === 0) return null;
  const findings = plan.gates.map((gate): Finding => {
    const word = wordOfMetric(plan, gate.metric);
    const found = report.metrics.find((one) => one.name === gate.metric);
    if (gate.kind === "value") return judgeValue(gate, word, found);
    if (gate.kind === "baseline")
      return judgeBaseline(gate, word, metricWords[plan.kind].find((one) => one.name === gate.metric)?.isLess === true, found);
    const levels = (report.groups.find((one) => one.column === gate.column)?.levels ?? []).map(({ level, n, metrics }) => ({
      level,
      n,
      value: metrics[gate.metric]?.value ?? null,
    }));
    return gate.kind === "group" ? judgeGroup(gate, word, levels) : judgeGap(gate, word, levels);
  });
  return { isPassed: findings.every((one) => one.isPassed), findings };
};
