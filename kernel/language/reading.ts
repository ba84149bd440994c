// Questions that change nothing: what this is, which argument comes next, where it is defined, what is wrong.
import ts from "typescript";
import type { CellFile } from "#kernel/language/document.ts";
import type { Answers, Position } from "#kernel/language/messages.ts";
import type { Project } from "#kernel/language/project.ts";
import { documentationOf, plainWords, signatureOf } from "#kernel/language/wording.ts";
import type { Fault, Place, Span } from "#lib/sessions/language/contract.ts";

/** What is no fault here: cells are scripts of one scope, so a name of another cell can be assigned, and a cell's own name may be made of
 * what it was before (`loans = loans.filter(…)`). Codes: TypeScript's diagnosticMessages.json. */
const allowed = new Set([
  2632, // cannot assign to a name that is imported
  2448, // used before its declaration: of an earlier cell, or an earlier run
  2454, // used before being assigned: the same
  7022, // its own initialiser names it: the same
]);
/** What may be missing at run time is worth a look, and no reason to call a cell wrong: exploring code knows its data. */
const mayBeMissing = new Set([2531, 2532, 2533, 18047, 18048, 18049]);
const isMissing = /Type '(undefined|null)' is not assignable to type/;
/** Advice for people who set up a project; in a notebook there is none. */
const advice = / Do you need to (install|change) .*$/s;
const isOwnFile = (message: string): boolean => /^Cannot find module '\.{0,2}\//.test(message);

/** A stretch of a module as one of the cell's text; null when it is ours. */
export const spanIn = (cell: CellFile, span: ts.TextSpan): Span | null => {
  const start = span.start - cell.prelude.length;
  return start < 0 ? null : { start, length: Math.min(span.length, Math.max(0, cell.source.length - start)) };
};

/** What a module that was imported under a name holds: TypeScript itself says no more than `import datasets`. */
const contentsOf = (project: Project, cell: CellFile, position: number): string => {
  const program = project.service.getProgram();
  const file = program?.getSourceFile(cell.path);
  const checker = program?.getTypeChecker();
  const node = file && tokenAt(file, position);
  const symbol = node && checker?.getSymbolAtLocation(node);
  if (!symbol || !checker || (symbol.flags & ts.SymbolFlags.Alias) === 0) return "";
  const names = checker.getExportsOfModule(checker.getAliasedSymbol(symbol)).map((one) => `\`${one.name}\``);
  return names.join(", ");
};

const tokenAt = (node: ts.Node, position: number): ts.Node =>
  node
    .getChildren()
    .filter((child) => child.getStart() <= position && position <= child.end)
    .map((child) => tokenAt(child, position))
    .at(-1) ?? node;

export const hover = (project: Project, cell: CellFile, { offset }: Position): Answers["hover"] => {
  const position = cell.prelude.length + offset;
  const found = project.service.getQuickInfoAtPosition(cell.path, position);
  const span = found && spanIn(cell, found.textSpan);
  if (!found || !span) return { info: null };
  const signature = signatureOf(found.displayParts);
  const module = /^import ([\p{ID_Continue}$]+)$/u.exec(signature)?.[1];
  if (module) return { info: { span, signature: `module ${module}`, documentation: contentsOf(project, cell, position) } };
  return { info: { span, signature, documentation: documentationOf(found.documentation, found.tags) } };
};

export const signature = ({ service }: Project, cell: CellFile, { offset }: Position): Answers["signature"] => {
  const found = service.getSignatureHelpItems(cell.path, cell.prelude.length + offset, undefined);
  if (!found) return { help: null };
  const signatures = found.items.map((item) => {
    let label = plainWords(ts.displayPartsToString(item.prefixDisplayParts));
    const separator = ts.displayPartsToString(item.separatorDisplayParts);
    const parameters = item.parameters.map((parameter, i) => {
      if (i > 0) label += separator;
      const start = label.length;
      label += plainWords(ts.displayPartsToString(parameter.displayParts));
      return { label: [start, label.length] as [number, number], documentation: documentationOf(parameter.documentation) };
    });
    label += plainWords(ts.displayPartsToString(item.suffixDisplayParts));
    return { label, documentation: documentationOf(item.documentation), parameters };
  });
  return { help: { signatures, active: found.selectedItemIndex, argument: found.argumentIndex } };
};

/** Where a name that another cell gives is written in that cell, for what is defined outside of the notebook. */
const importPlace = (project: Project, cell: CellFile, name: string): Place | null => {
  const from = cell.imports.get(name)?.from;
  const owner = from ? project.document.owner(from) : null;
  const at = owner?.exports.get(name);
  if (!owner || at === undefined) return null;
  const found = project.service.getDefinitionAtPosition(owner.path, at)?.find((one) => one.fileName === owner.path);
  const span = found && spanIn(owner, found.textSpan);
  if (span) return { cellId: owner.id, ...span };
  const word = new RegExp(`(?<![\\p{ID_Continue}$])${name.replaceAll("$", "\\$")}(?![\\p{ID_Continue}$])`, "u").exec(owner.source);
  return word ? { cellId: owner.id, start: word.index, length: name.length } : null;
};

export const definition = (project: Project, cell: CellFile, { offset }: Position): Answers["definition"] => {
  const found = project.service.getDefinitionAndBoundSpan(cell.path, cell.prelude.length + offset);
  const span = found && spanIn(cell, found.textSpan);
  if (!found || !span) return { span: null, places: [] };
  const places = (found.definitions ?? []).flatMap((one): Place[] => {
    const owner = project.document.at(one.fileName);
    const at = owner && spanIn(owner, one.textSpan);
    return owner && at ? [{ cellId: owner.id, ...at }] : [];
  });
  if (places.length > 0) return { span, places };
  const place = importPlace(project, cell, cell.source.slice(span.start, span.start + span.length));
  return { span, places: place ? [place] : [] };
};

const toFault = (cell: CellFile, one: ts.Diagnostic): Fault[] => {
  if (one.start === undefined || allowed.has(one.code)) return [];
  const span = spanIn(cell, { start: one.start, length: one.length ?? 0 });
  const message = ts.flattenDiagnosticMessageText(one.messageText, "\n").replace(advice, "");
  if (!span || isOwnFile(message)) return [];
  const isSoft = mayBeMissing.has(one.code) || isMissing.test(message);
  const severity = one.category !== ts.DiagnosticCategory.Error ? "hint" : isSoft ? "warning" : "error";
  return [{ ...span, severity, code: one.code, message: plainWords(message), ...(one.reportsDeprecated ? { isDeprecated: true } : {}) }];
};

/** Faults of one cell: of its form, else of its meaning, and what is deprecated. */
const faultsOf = ({ service }: Project, cell: CellFile): Fault[] => {
  const form = service.getSyntacticDiagnostics(cell.path);
  if (form.length > 0) return form.flatMap((one) => toFault(cell, one));
  const hints = service.getSuggestionDiagnostics(cell.path).filter((one) => one.reportsDeprecated);
  return [...service.getSemanticDiagnostics(cell.path), ...hints].flatMap((one) => toFault(cell, one));
};

export const diagnose = (project: Project, { cells }: { cells?: string[] }): Answers["diagnose"] => ({
  cells: project.document
    .cells()
    .filter((cell) => !cells || cells.includes(cell.id))
    .map((cell) => ({ cellId: cell.id, faults: faultsOf(project, cell) })),
});
