// AutoML in a cell: progress with the best so far, the result shown as a list of what was tried, and a notebook written from it.
import { randomUUID } from "node:crypto";
import { type AutoOptions, type AutoResult, auto as search, type Trial } from "#lib/learn/auto/auto.ts";
import { trialCount } from "#lib/learn/auto/race.ts";
import type { Finding } from "#lib/learn/preprocess/findings.ts";
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
    .filter((one) => one.share === 1 && one.folds === found.folds && one.error === null)
    .sort((a, b) => b.score - a.score)
    .slice(0, 12)
    .map((one) => `| \`${one.code}\` | ${Math.abs(one.score).toFixed(4)} | ${one.seconds.toFixed(1)} |`);
  const said = found.findings.map((one) => `- ${one.sentence}`).join("\n");
  return `**${found.metric} ${Math.abs(found.score).toFixed(4)}** by ${found.model.kind}, in cross-validation; ${trialCount(found.trials.length)}.\n\n${said}\n\n| tried on all folds | ${found.metric} | seconds |\n|---|--:|--:|\n${rows.join("\n")}`;
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

const everyMs = 1000;

/** The list of candidates as a display that changes in place, once a second; the AutoML page reads it from the cell's outputs. */
const openList = (options: AutoOptions) => {
  const port = session();
  const displayId = `auto-${randomUUID()}`;
  const startedAt = new Date().toISOString();
  let findings: string[] = [];
  let trials: readonly Trial[] = [];
  let isOpen = false;
  let shownAt = 0;
  const show = (isLast: boolean): void => {
    if (!port || (!isLast && isOpen && Date.now() - shownAt < everyMs)) return;
    const listed = trials.map(({ code, score, seconds, share, folds, isDefault, error }) => ({
      code,
      score: Number.isFinite(score) ? score : null,
      seconds,
      share,
      folds,
      isDefault,
      error,
    }));
    const facts = {
      target: options.target,
      budgetSeconds: options.budget?.seconds ?? 300,
      startedAt,
      findings,
      trials: listed.slice(-400),
    };
    const text = findings.join(" ") || "Nothing odd was found in the table.";
    port.display(
      {
        "application/vnd.atelier.auto+json": facts,
        "text/markdown": findings.map((one) => `- ${one}`).join("\n") || text,
        "text/plain": text,
      },
      { displayId, update: isOpen },
    );
    isOpen = true;
    shownAt = Date.now();
  };
  return {
    onFindings: (found: readonly Finding[]): void => {
      findings = found.map((one) => one.sentence);
      show(false);
    },
    onTrials: (tried: readonly Trial[]): void => {
      trials = [...tried];
      show(false);
    },
    end: () => show(true),
  };
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
  const list = openList(options);
  try {
    const found = await search(table, {
      ...options,
      onFindings: (findings) => {
        list.onFindings(findings);
        options.onFindings?.(findings);
      },
      onTrials: (trials) => {
        list.onTrials(trials);
        options.onTrials?.(trials);
      },
      signal: options.signal ?? session()?.signal(),
      onProgress: (fraction, sentence, value) => {
        rule.tell(fraction, sentence, value);
        options.onProgress?.(fraction, sentence, value);
      },
    });
    list.end();
    rule.done(`${trialCount(found.trials.length)}, ${found.metric} ${Math.abs(found.score).toFixed(4)} by ${found.model.kind}.`);
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
