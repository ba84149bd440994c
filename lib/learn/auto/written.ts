// What AutoML found as notebook cells: prose and code that do it again without the search, from the table as it was given. They run as they
// stand, so what AutoML did to the rows first (rows without a target, more rows than the budget of memory holds) stands in them too.
import type { Finding } from "#lib/learn/preprocess/findings.ts";

export type Cell = { kind: "markdown" | "code"; source: string };
export type Written = {
  target: string;
  positive: string | number | undefined;
  seed: number;
  /** Whether rows without a target had to go. */
  hasGaps: boolean;
  /** Rows that were drawn; null when all were taken. */
  sampled: number | null;
  isNumber: boolean;
  findings: readonly Finding[];
  /** Estimators as code, and their weights in the blend. */
  lines: readonly { code: string; weight: number }[];
  metric: string;
  score: number;
};

const split = ({ target, seed, hasGaps, sampled, isNumber }: Written): string => {
  const name = JSON.stringify(target);
  const known = hasGaps ? `learn.rowsWith(table, ${name})` : "table";
  const rows = sampled === null ? known : `learn.sampleRows(${known}, ${sampled}, ${seed})`;
  const stratify = isNumber ? "" : `, stratify: ${name}`;
  return rows === "table"
    ? `const { train, test } = learn.trainTestSplit(table, { test: 0.25, seed: ${seed}${stratify} });`
    : `const rows = ${rows};\nconst { train, test } = learn.trainTestSplit(rows, { test: 0.25, seed: ${seed}${stratify} });`;
};

const fits = ({ target, positive, lines }: Written): string => {
  const how = `{ target: ${JSON.stringify(target)}${positive === undefined ? "" : `, positive: ${JSON.stringify(positive)}`} }`;
  const isBlend = lines.length > 1;
  const each = lines.map((line, i) => `const model${isBlend ? i + 1 : ""} = await ${line.code}.fit(train, ${how});`);
  const names = lines.map((_, i) => `model${i + 1}`).join(", ");
  return isBlend
    ? [...each, `const model = learn.blend([${names}], [${lines.map((line) => line.weight).join(", ")}]);`].join("\n")
    : each[0]!;
};

/** Four cells: what was seen, the split, the fits, the judgement. They expect the given columns as `table`. */
export const cellsOf = (what: Written): Cell[] => {
  const seen = what.findings.length === 0 ? "Nothing odd was found." : what.findings.map((one) => `- ${one.sentence}`).join("\n");
  const score = `${what.metric} ${Math.abs(what.score).toFixed(4)}`;
  return [
    {
      kind: "markdown",
      source: `# Predicting ${what.target}\n\nWritten by \`learn.auto\`. In cross-validation, ${score}.\n\n## What was seen in the table\n${seen}`,
    },
    { kind: "code", source: `import { learn } from "atelier";\n\n${split(what)}` },
    { kind: "code", source: fits(what) },
    { kind: "code", source: "model.evaluate(test)" },
  ];
};
