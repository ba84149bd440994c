// The language process: many notebooks, one after another. Each notebook has a service of its own over shared source files; the ones asked
// longest ago are let go. It runs nobody's code, opens no port and knows no secret; whoever started it kills it when it hangs.
import { format, rename } from "#kernel/language/changing.ts";
import { complete, describe } from "#kernel/language/completion.ts";
import type { Answers, Ask, Question, Reply } from "#kernel/language/messages.ts";
import { openProject, type Project } from "#kernel/language/project.ts";
import { definition, diagnose, hover, signature } from "#kernel/language/reading.ts";
import { tablesText, variablesText } from "#kernel/language/shapes.ts";

const mostNotebooks = 8;

type Held = { project: Project; state: string };
const held = new Map<string, Held>();

const hold = (notebook: string): Held => {
  const known = held.get(notebook) ?? { project: openProject(), state: "" };
  held.delete(notebook);
  held.set(notebook, known);
  for (const [id, one] of held) {
    if (held.size <= mostNotebooks) break;
    one.project.close();
    held.delete(id);
  }
  return known;
};

const answer = (project: Project, ask: Ask): Answers[keyof Answers] => {
  if (ask.type === "diagnose") return diagnose(project, ask);
  const cell = project.document.cell(ask.cellId);
  if (!cell) throw new Error("This cell is not in the notebook.");
  if (ask.type === "format") return format(project, cell, ask);
  const at = { ...ask, offset: Math.min(ask.offset, cell.source.length) };
  project.document.activate(cell.id);
  if (at.type === "complete") return complete(project, cell, at);
  if (at.type === "describe") return describe(project, cell, at);
  if (at.type === "signature") return signature(project, cell, at);
  if (at.type === "hover") return hover(project, cell, at);
  if (at.type === "definition") return definition(project, cell, at);
  return rename(project, cell, at);
};

const take = (question: Question): Reply => {
  if (question.from !== null && held.get(question.notebook)?.state !== question.from) return { isStale: true };
  const now = hold(question.notebook);
  const { project } = now;
  now.state = question.to;
  project.document.update(question.order, question.changed);
  if (question.tables) project.setTables(tablesText(question.tables));
  if (question.variables)
    project.setVariables(
      variablesText(question.variables),
      question.variables.map((one) => one.name),
    );
  if (question.packages !== undefined) project.setPackages(question.packages?.folder ?? null, question.packages?.stamp ?? "");
  return { isStale: false, answer: answer(project, question.ask) };
};

/** Young garbage is swept between two letters rather than in the middle of an answer. */
let sweep: NodeJS.Timeout | null = null;
const restMs = 10;
const tidy = (): void => {
  if (sweep) clearTimeout(sweep);
  sweep = setTimeout(() => globalThis.gc?.({ type: "minor" }), restMs);
};

process.on("message", ({ id, question }: { id: number; question: Question }) => {
  try {
    process.send?.({ id, reply: take(question) });
  } catch (error) {
    held.get(question.notebook)?.project.close();
    held.delete(question.notebook); // whatever state it was in, the next question brings everything
    process.send?.({ id, failure: error instanceof Error ? error.message : String(error) });
  }
  tidy();
});
process.once("disconnect", () => process.exit(0));
