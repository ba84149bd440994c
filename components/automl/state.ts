// From the outputs of AutoML's notebook to what its page shows.
import type { AutoState, ListedTrial } from "#components/automl/auto-page.tsx";
import type { BundleOutput, CellState, Output } from "#lib/sessions/contract.ts";
import { isPending } from "#lib/sessions/contract.ts";

type Facts = { findings?: unknown; trials?: unknown };
type Rule = { fraction?: unknown; sentence?: unknown };
type Told = { cells: CellState[]; outputs: Record<string, unknown[]> };

const isBundle = (output: Output): output is BundleOutput =>
  output.output_type === "display_data" || output.output_type === "execute_result";

/** Links into this workspace that cells wrote; nothing else becomes an address. */
const linksIn = (workspace: string, bundles: readonly BundleOutput[]): AutoState["links"] => {
  const found = bundles.flatMap((one) => [
    ...String(one.data["text/markdown"] ?? "").matchAll(/(Run|Model|Notebook)? ?\[([^\]]{1,120})\]\((\/[a-z0-9/_.-]{1,200})\)/g),
  ]);
  const own = found.filter((match) => match[3]!.startsWith(`/${workspace}/`));
  return [...new Map(own.map((match) => [match[3]!, { word: `${match[1] ?? ""} ${match[2]}`.trim(), href: match[3]! }])).values()];
};

export const stateOf = (workspace: string, notebook: { id: string; title: string; cells: { id: string }[] }, told: Told): AutoState => {
  const known = new Set(notebook.cells.map((one) => one.id));
  const cells = told.cells.filter((one) => known.has(one.cellId));
  const bundles = notebook.cells.flatMap((one) => ((told.outputs[one.id] ?? []) as Output[]).filter(isBundle));
  const facts = bundles
    .map((one) => one.data["application/vnd.atelier.auto+json"] as Facts | undefined)
    .findLast((one) => one !== undefined);
  const rule = bundles
    .map((one) => one.data["application/vnd.atelier.progress+json"] as Rule | undefined)
    .findLast((one) => one !== undefined);
  const failed = cells.find((one) => one.status === "failed" || one.status === "cancelled");
  const isRunning = !failed && cells.some((one) => isPending(one.status));
  return {
    notebook: notebook.id,
    title: notebook.title,
    isRunning,
    failure: failed
      ? (failed.message ?? `The search was ${failed.status === "failed" ? "ended by a failure" : "stopped"}. The notebook says where.`)
      : null,
    fraction: typeof rule?.fraction === "number" ? rule.fraction : 0,
    sentence: typeof rule?.sentence === "string" ? rule.sentence : cells.length === 0 ? "Nothing has run yet." : "A session starts.",
    findings: Array.isArray(facts?.findings) ? facts.findings.map(String).slice(0, 50) : [],
    trials: Array.isArray(facts?.trials) ? (facts.trials as ListedTrial[]) : [],
    links: linksIn(workspace, bundles),
  };
};
