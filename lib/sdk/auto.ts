// AutoML in a cell: progress with the best so far, the result shown as a list of what was tried, and a notebook written from it.
import { type AutoOptions, type AutoResult, auto as search } from "#lib/learn/auto/auto.ts";
import type { Columns } from "#lib/learn/tables/table.ts";
import { createNotebook, type Notebook } from "#lib/notebooks/contract.ts";
import { callFromCell, session, workspaceSlug } from "#lib/sdk/door.ts";
import { progress } from "#lib/sdk/progress.ts";

type Found = AutoResult & {
  /** Writes the cells into a new notebook; `load` is the code that makes `table`, e.g. `await (await datasets.open("churn")).toColumns()`. */
  toNotebook: (options: { title?: string; load: string }) => Promise<Notebook & { [display: symbol]: unknown }>;
  [display: symbol]: unknown;
};

const listOf = (found: AutoResult): string => {
  const rows = found.trials
    .filter((one) => one.share === 1 && one.error === null)
    .sort((a, b) => b.score - a.score)
    .slice(0, 12)
    .map((one) => `| \`${one.code}\` | ${Math.abs(one.score).toFixed(4)} | ${one.seconds.toFixed(1)} |`);
  const said = found.findings.map((one) => `- ${one.sentence}`).join("\n");
  return `**${found.metric} ${Math.abs(found.score).toFixed(4)}** by ${found.model.kind}, on rows kept aside; ${found.trials.length} trials.\n\n${said}\n\n| tried on all rows | ${found.metric} | seconds |\n|---|--:|--:|\n${rows.join("\n")}`;
};

const write = async (found: AutoResult, title: string, load: string): Promise<Notebook & { [display: symbol]: unknown }> => {
  const [about, first, ...rest] = found.cells;
  const head = first!.source.replace(/^import \{ learn \} from "atelier";\n\n/, "");
  const cells = [
    about!,
    { kind: "code" as const, source: `import { datasets, learn } from "atelier";\n\nconst table = ${load};\n${head}` },
    ...rest,
  ];
  const made = await callFromCell(createNotebook, { title, cells: cells.map(({ kind, source }) => ({ cellType: kind, source })) });
  const slug = await workspaceSlug();
  return Object.assign(made, {
    [Symbol.for("Jupyter.display")]: () => ({
      "text/markdown": `Notebook [${title}](/${slug}/notebooks/${made.id}), ${cells.length} cells`,
      "text/plain": `${title}, ${cells.length} cells`,
    }),
  });
};

/**
 * Finds a model for a table within a budget of seconds: leaks and identifiers are left out and said, a portfolio is raced, the best are
 * blended into one file.
 * @example
 * const table = await (await datasets.open("churn")).toColumns();
 * const found = await learn.auto(table, { target: "churn", positive: "yes", budget: { seconds: 120 } });
 * await found.toNotebook({ load: `await (await datasets.open("churn")).toColumns()` });
 */
export const auto = async (table: Columns, options: AutoOptions): Promise<Found> => {
  const rule = progress(`Looking for a model of ${options.target}`, "best");
  try {
    const found = await search(table, {
      ...options,
      signal: options.signal ?? session()?.signal(),
      onProgress: (fraction, sentence, value) => {
        rule.tell(fraction, sentence, value);
        options.onProgress?.(fraction, sentence, value);
      },
    });
    rule.done(`${found.trials.length} trials, ${found.metric} ${Math.abs(found.score).toFixed(4)} by ${found.model.kind}.`);
    return Object.assign(found, {
      toNotebook: ({ title = `Predicting ${options.target}`, load }: { title?: string; load: string }) => write(found, title, load),
      [Symbol.for("Jupyter.display")]: () => ({
        "text/markdown": listOf(found),
        "text/plain": `${found.metric} ${Math.abs(found.score).toFixed(4)}`,
      }),
    });
  } catch (error) {
    rule.failed(`auto: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
};
