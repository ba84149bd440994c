// What could stand at a position. TypeScript answers with everything in scope; a person sees the two hundred that fit what is typed. Names
// of the SDK that no cell imports yet are offered with their import.
import ts from "typescript";
import type { CellFile } from "#kernel/language/document.ts";
import type { Answers, Position } from "#kernel/language/messages.ts";
import type { Project } from "#kernel/language/project.ts";
import { documentationOf, plainWords, signatureOf } from "#kernel/language/wording.ts";
import type { Completion, Edit } from "#lib/sessions/language/contract.ts";

const most = 200;
const preferences: ts.UserPreferences = {
  includeCompletionsWithInsertText: true,
  includeCompletionsWithSnippetText: false,
  includeAutomaticOptionalChainCompletions: true,
  includeCompletionsWithObjectLiteralMethodSnippets: false,
  quotePreference: "double",
};
const triggers = new Set([".", '"', "'", "`", "/", "@", "<", "#", " "]);

/** Whether every letter typed comes in the name, in this order; the first must begin a word of it. */
const fits = (name: string, typed: string): boolean => {
  if (typed === "") return true;
  let at = 0;
  const low = name.toLowerCase();
  for (const letter of typed.toLowerCase()) {
    at = low.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
};

const rank = (one: Completion, typed: string): string => {
  const begins = one.name.startsWith(typed) ? "0" : one.name.toLowerCase().startsWith(typed.toLowerCase()) ? "1" : "2";
  return `${begins}${one.sort}${one.name}`;
};

const typedBefore = (source: string, offset: number): string =>
  /[\p{ID_Continue}$\u200c\u200d]*$/u.exec(source.slice(Math.max(0, offset - 200), offset))?.[0] ?? "";

/** The change that imports a name of the SDK into a cell: into an import that is there, or a new first line. */
const importEdit = (cell: CellFile, file: ts.SourceFile | undefined, name: string): Edit => {
  for (const node of file?.statements ?? []) {
    if (!ts.isImportDeclaration(node) || !ts.isStringLiteral(node.moduleSpecifier) || node.moduleSpecifier.text !== "atelier") continue;
    const bindings = node.importClause?.namedBindings;
    const last = bindings && ts.isNamedImports(bindings) ? bindings.elements.at(-1) : undefined;
    if (last) return { cellId: cell.id, start: last.end - cell.prelude.length, length: 0, text: `, ${name}` };
  }
  return { cellId: cell.id, start: 0, length: 0, text: `import { ${name} } from "atelier";\n` };
};

const toCompletion = (entry: ts.CompletionEntry, cell: CellFile): Completion => ({
  name: entry.name,
  kind: entry.kind,
  sort: entry.sortText,
  ...(entry.insertText !== undefined && entry.insertText !== entry.name ? { insert: entry.insertText } : {}),
  ...(entry.replacementSpan
    ? { span: { start: Math.max(0, entry.replacementSpan.start - cell.prelude.length), length: entry.replacementSpan.length } }
    : {}),
  ...(entry.kindModifiers?.includes("deprecated") ? { isDeprecated: true } : {}),
});

/** Completions at a position, best first. */
export const complete = (project: Project, cell: CellFile, { offset, trigger }: Position & { trigger?: string }): Answers["complete"] => {
  const { service } = project;
  const triggerCharacter = trigger !== undefined && triggers.has(trigger) ? (trigger as ts.CompletionsTriggerCharacter) : undefined;
  const found = service.getCompletionsAtPosition(
    cell.path,
    cell.prelude.length + offset,
    triggerCharacter ? { ...preferences, triggerCharacter } : preferences,
  );
  if (!found) return { items: [], isIncomplete: false };
  const typed = typedBefore(cell.source, offset);
  const isText = found.entries.some((entry) => entry.kind === ts.ScriptElementKind.string);
  const items = found.entries
    .filter((entry) => entry.name !== "" && entry.kind !== ts.ScriptElementKind.warning && (isText || fits(entry.name, typed)))
    .map((entry) => toCompletion(entry, cell));
  const here = new Set(found.entries.map((entry) => entry.name));
  if (here.has("globalThis") && typed !== "") {
    const file = service.getProgram()?.getSourceFile(cell.path);
    for (const symbol of project.sdkExports())
      if (!here.has(symbol.name) && fits(symbol.name, typed))
        items.push({ name: symbol.name, kind: "module", sort: "16", origin: "atelier", edits: [importEdit(cell, file, symbol.name)] });
  }
  if (items.length <= most) return { items, isIncomplete: false };
  const ranked = items.map((one) => ({ one, rank: rank(one, typed) })).sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return { items: ranked.slice(0, most).map(({ one }) => one), isIncomplete: true };
};

/** Type and documentation of one completion. */
export const describe = (project: Project, cell: CellFile, { offset, name }: Position & { name: string }): Answers["describe"] => {
  const { service } = project;
  const at = cell.prelude.length + offset;
  const found = service.getCompletionEntryDetails(cell.path, at, name, undefined, undefined, preferences, undefined);
  if (found) return { signature: signatureOf(found.displayParts), documentation: documentationOf(found.documentation, found.tags) };
  const symbol = project.sdkExports().find((one) => one.name === name);
  const checker = service.getProgram()?.getTypeChecker();
  if (!symbol || !checker) return { signature: name, documentation: "" };
  const origin = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const shown =
    origin.flags & ts.SymbolFlags.Module ? `module ${name}` : `${name}: ${checker.typeToString(checker.getTypeOfSymbol(origin))}`;
  return {
    signature: plainWords(shown),
    documentation: documentationOf(origin.getDocumentationComment(checker), origin.getJsDocTags(checker)),
  };
};
