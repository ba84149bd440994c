// Questions whose answer is a change of text: renaming in all cells that mean the same thing, and formatting. Nothing is applied here; the
// editor applies it to the co-edited document.
import ts from "typescript";
import { type CellFile, sessionModule } from "#kernel/language/document.ts";
import type { Answers, Position } from "#kernel/language/messages.ts";
import { isName } from "#kernel/language/names.ts";
import type { Project } from "#kernel/language/project.ts";
import { spanIn } from "#kernel/language/reading.ts";
import type { Edit, Span } from "#lib/sessions/language/contract.ts";

const style: ts.FormatCodeSettings = {
  ...ts.getDefaultFormatCodeSettings("\n"),
  indentSize: 2,
  tabSize: 2,
  convertTabsToSpaces: true,
  semicolons: ts.SemicolonPreference.Ignore,
  insertSpaceAfterOpeningAndBeforeClosingNonemptyBraces: true,
};
const preferences = { providePrefixAndSuffixTextForRename: true } as const;

type Found = { edits: Edit[]; isScope: boolean; isForeign: boolean };

/** Changes at one place of one module; `isScope`: the name is one that cells share; `isForeign`: it belongs to something outside of cells. */
const locationsAt = (project: Project, cell: CellFile, position: number, name: string): Found => {
  const found: Found = { edits: [], isScope: false, isForeign: false };
  for (const one of project.service.findRenameLocations(cell.path, position, false, false, preferences) ?? []) {
    const owner = project.document.at(one.fileName);
    const span = owner && spanIn(owner, one.textSpan);
    if (!owner) found.isForeign = true;
    else if (!span) found.isScope ||= owner === cell;
    else found.edits.push({ cellId: owner.id, ...span, text: `${one.prefixText ?? ""}${name}${one.suffixText ?? ""}` });
  }
  return found;
};

/** Where a cell declares a name it shares: what our export of it means, or its own export. */
const positionOfOwn = (project: Project, cell: CellFile, name: string): number | null => {
  const program = project.service.getProgram();
  const file = program?.getSourceFile(cell.path);
  const checker = program?.getTypeChecker();
  if (!file || !checker) return null;
  const specifiers = file.statements.flatMap((one) =>
    ts.isExportDeclaration(one) && one.exportClause && ts.isNamedExports(one.exportClause) ? [...one.exportClause.elements] : [],
  );
  const ours = specifiers.find((one) => one.name.text === name);
  const symbol = ours
    ? checker.getExportSpecifierLocalTargetSymbol(ours)
    : checker.getSymbolAtLocation(file)?.exports?.get(ts.escapeLeadingUnderscores(name));
  const declared = symbol?.declarations?.find((one) => one.getSourceFile() === file) as ts.NamedDeclaration | undefined;
  return declared?.name?.getStart() ?? null;
};

const sharedRename = (project: Project, cell: CellFile, was: string, name: string): Edit[] => {
  const { document } = project;
  const from = cell.imports.get(was)?.from;
  const owner = from ? document.owner(from) : cell;
  if (!owner) return [];
  const module = document.moduleOf(owner);
  return document.cells().flatMap((one) => {
    const taken = one.imports.get(was);
    const at = one === owner ? positionOfOwn(project, owner, was) : taken?.from === module ? taken.at : null;
    return at === null ? [] : locationsAt(project, one, at, name).edits.filter((edit) => edit.cellId === one.id);
  });
};

const refused = (refusal: string, span: Span | null = null): Answers["rename"] => ({ span, refusal, edits: [] });

const unique = (edits: Edit[]): Edit[] => [...new Map(edits.map((edit) => [`${edit.cellId} ${edit.start}`, edit])).values()];

/** The changes of a rename. A name that cells share is renamed in the cell that declares it and in those that take it from there. */
export const rename = (project: Project, cell: CellFile, { offset, name }: Position & { name?: string }): Answers["rename"] => {
  const { document, service } = project;
  const position = cell.prelude.length + offset;
  const info = service.getRenameInfo(cell.path, position, preferences);
  const span = info.canRename ? spanIn(cell, info.triggerSpan) : null;
  if (!info.canRename || !span) return refused("Nothing here has a name that can be changed.");
  const was = cell.source.slice(span.start, span.start + span.length);
  const first = locationsAt(project, cell, position, name ?? was);
  if (cell.imports.get(was)?.from === sessionModule && first.isScope)
    return refused(`${was} lives only in the session: no cell declares it. Declare it in a cell first.`, span);
  if (first.isForeign && !first.isScope) return refused(`${was} belongs to a package and keeps its name.`, span);
  if (name === undefined || name === was) return { span, refusal: null, edits: [] };
  if (first.isScope && !isName(name)) return refused(`${name} cannot be a name.`, span);
  if (first.isScope && document.isDeclared(name))
    return refused(`Another cell declares ${name} already, so the two would become one. Choose another name.`, span);
  const edits = first.isScope ? [...first.edits, ...sharedRename(project, cell, was, name)] : first.edits;
  return { span, refusal: null, edits: unique(edits) };
};

/** Spaces and line breaks as the house writes them; semicolons and quotes stay as they are. */
export const format = (project: Project, cell: CellFile, { span }: { span?: Span }): Answers["format"] => {
  const { service } = project;
  const base = cell.prelude.length;
  const start = base + Math.min(span?.start ?? 0, cell.source.length);
  const end = base + Math.min(span ? span.start + span.length : cell.source.length, cell.source.length);
  const changes = service.getFormattingEditsForRange(cell.path, start, end, style);
  return {
    edits: changes.flatMap((one) => {
      const at = spanIn(cell, one.span);
      return at ? [{ cellId: cell.id, ...at, text: one.newText }] : [];
    }),
  };
};
