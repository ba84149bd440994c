// What a cell gives to the others and what it could take from them: the names its top level declares, as values or as types, and every word
// in it that could be a name. Read from TypeScript's own tolerant parse, so that an unfinished cell still tells its names.
import ts from "typescript";

export type Declared = { names: string[]; exported: Set<string>; words: Set<string> };

const namesIn = (name: ts.BindingName, into: Set<string>): void => {
  if (ts.isIdentifier(name)) {
    if (name.text !== "") into.add(name.text);
    return;
  }
  for (const element of name.elements) if (!ts.isOmittedExpression(element)) namesIn(element.name, into);
};

/** `var` in blocks belongs to the cell's scope too. */
const hoisted = (node: ts.Node, into: Set<string>): void => {
  if (ts.isFunctionLike(node) || ts.isClassLike(node) || ts.isModuleBlock(node)) return;
  if (ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.BlockScoped) === 0)
    for (const one of node.declarations) namesIn(one.name, into);
  ts.forEachChild(node, (child) => hoisted(child, into));
};

const imported = (clause: ts.ImportClause | undefined, into: Set<string>): void => {
  if (clause?.name) into.add(clause.name.text);
  const bindings = clause?.namedBindings;
  if (bindings && ts.isNamespaceImport(bindings)) into.add(bindings.name.text);
  if (bindings && ts.isNamedImports(bindings)) for (const one of bindings.elements) into.add(one.name.text);
};

const isExported = (node: ts.Statement): boolean =>
  ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((one) => one.kind === ts.SyntaxKind.ExportKeyword);

const declaredBy = (node: ts.Statement, into: Set<string>): void => {
  if (ts.isVariableStatement(node)) for (const one of node.declarationList.declarations) namesIn(one.name, into);
  else if (ts.isImportDeclaration(node)) imported(node.importClause, into);
  else if (
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isEnumDeclaration(node) ||
    (ts.isModuleDeclaration(node) && ts.isIdentifier(node.name))
  ) {
    if (node.name && ts.isIdentifier(node.name) && node.name.text !== "" && node.name.text !== "global") into.add(node.name.text);
  } else if (!ts.isExpressionStatement(node)) hoisted(node, into);
};

/** Reads a cell; `exported` are names the cell itself exports, which must not be exported twice. */
export const readNames = (source: string): Declared => {
  const file = ts.createSourceFile("cell.ts", source, ts.ScriptTarget.ESNext, false, ts.ScriptKind.TS);
  const names = new Set<string>();
  const exported = new Set<string>();
  for (const node of file.statements) {
    const own = new Set<string>();
    declaredBy(node, own);
    for (const name of own) names.add(name);
    if (isExported(node)) for (const name of own) exported.add(name);
    if (ts.isExportDeclaration(node) && node.exportClause && ts.isNamedExports(node.exportClause))
      for (const one of node.exportClause.elements) exported.add(one.name.text);
  }
  return { names: [...names], exported, words: new Set(source.match(/[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/gu) ?? []) };
};

/** The one token a text is; null for anything else. */
const tokenOf = (text: string): ts.SyntaxKind | null => {
  const scanner = ts.createScanner(ts.ScriptTarget.ESNext, true, ts.LanguageVariant.Standard, text);
  const token = scanner.scan();
  return scanner.getTokenEnd() === text.length ? token : null;
};

/** Whether a text can name a type: a word without any meaning of its own. */
export const isFreeWord = (text: string): boolean => tokenOf(text) === ts.SyntaxKind.Identifier;

/** Whether a text can name a variable: words with a meaning only in some places (`from`, `type`) can. */
export const isName = (text: string): boolean => {
  const token = tokenOf(text);
  const isContextual = token !== null && token > ts.SyntaxKind.LastFutureReservedWord && token <= ts.SyntaxKind.LastKeyword;
  return token === ts.SyntaxKind.Identifier || (isContextual && token !== ts.SyntaxKind.AwaitKeyword);
};
