// A cell becomes a script that shares one scope with all other cells. Types are blanked out in place, so lines stay what the person sees;
// top-level `const`, `let` and `class` become `var`, which makes any redefinition legal; imports become awaited imports; the last
// expression is kept for showing; and a cell that awaits becomes hoisted names plus one async function.
//
// Nothing here inserts a line break: an error's line is the cell's line. Only what must be compiled (enums, namespaces, parameter
// properties, `using` inside a function) is printed anew, and then `lineOf` leads back.
import { createRequire, SourceMap, stripTypeScriptTypes } from "node:module";
import MagicString from "magic-string";
import { parseSync } from "oxc-parser";
import { callMagic, mayHoldMagic } from "#kernel/session/magic.ts";

/** The compiler is loaded for the first cell that must be compiled: few sessions have one, and it holds 9 MB. */
const load = createRequire(import.meta.url);
const compiler = (): typeof import("oxc-transform") => load("oxc-transform") as typeof import("oxc-transform");

/** What the script calls: `h.last` keeps the value shown, `h.promise` the run of an awaiting cell, `h.import` loads modules, `h.wait` and
 * `h.each` are how its awaits come back, `h.using` keeps what it must give back. */
export const hook = 'globalThis[Symbol.for("atelier.cell")]';
/** The same inside an awaiting cell, where another cell may be running by the time it goes on. */
const ownHook = "__cell";

/** `lineOf` leads from a line of the script to the cell's, when the two differ. */
export type Transformed = { code: string; isAsync: boolean; names: string[]; lineOf: LineOf | null };
export type LineOf = (line: number, column: number) => number;

type Node = { type: string; start: number; end: number; [key: string]: unknown };

/** A cell that cannot be parsed; line and column are the cell's own, from 1. */
export class CellSyntaxError extends SyntaxError {
  readonly line: number;
  readonly column: number;
  constructor(message: string, line: number, column: number) {
    super(message);
    this.name = "SyntaxError";
    this.line = line;
    this.column = column;
  }
}

const placeOf = (source: string, offset: number): { line: number; column: number } => {
  const before = source.slice(0, offset).split("\n");
  return { line: before.length, column: before.at(-1)!.length + 1 };
};

type Plain = { code: string; lineOf: LineOf | null };

const compile = (source: string): Plain | null => {
  const { code, errors, map } = compiler().transformSync("cell.ts", source, {
    sourceType: "module",
    typescript: { onlyRemoveTypeImports: true },
    target: "es2024",
    helpers: { mode: "External" as never }, // an ambient const enum; this is its value
    sourcemap: true,
  });
  if (errors.length > 0) return null;
  const lines = map ? new SourceMap({ ...map, version: 3, file: "cell", sourceRoot: "", sourcesContent: [] } as never) : null;
  const lineOf: LineOf = (line, column) => {
    const entry = lines?.findEntry(line - 1, Math.max(0, column - 1));
    return entry && "originalLine" in entry ? entry.originalLine + 1 : line;
  };
  return { code: code.trimEnd(), lineOf };
};

const eraseTypes = (source: string, mustCompile: boolean): Plain => {
  if (!mustCompile) {
    try {
      return { code: stripTypeScriptTypes(source, { mode: "strip" }), lineOf: null };
    } catch {} // an enum, a namespace, a parameter property, or no TypeScript at all: the compiler knows
  }
  return compile(source) ?? raise(source);
};

/** Says why a source does not parse, in the parser's words with the cell's line. */
const raise = (source: string, language: "ts" | "js" = "ts"): never => {
  const { errors } = parseSync(`cell.${language}`, source, { sourceType: "module" });
  const first = errors[0];
  const { line, column } = placeOf(source, first?.labels[0]?.start ?? 0);
  if (/<\/|\/>|<>/.test(source) && parseSync("cell.tsx", source, { sourceType: "module" }).errors.length === 0)
    throw new CellSyntaxError("JSX is not part of a cell's language. Build HTML with html`…` instead.", line, column);
  throw new CellSyntaxError(first?.message ?? "This cell is not TypeScript.", line, column);
};

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && typeof (value as Node).type === "string";

const childrenOf = function* (node: Node): Generator<Node> {
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) {
      for (const one of value) if (isNode(one)) yield one;
    } else if (isNode(value)) yield value;
  }
};

const isFunction = (node: Node): boolean => /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type);

/** Whether the cell itself waits: an await outside every function. */
const awaits = (node: Node): boolean => {
  if (node.type === "AwaitExpression" || (node.type === "ForOfStatement" && node.await === true)) return true;
  for (const child of childrenOf(node)) if (!isFunction(child) && awaits(child)) return true;
  return false;
};

/** Names a binding pattern declares. */
const namesIn = (pattern: Node): string[] => {
  if (pattern.type === "Identifier") return [String(pattern.name)];
  if (pattern.type === "AssignmentPattern") return namesIn(pattern.left as Node);
  if (pattern.type === "RestElement") return namesIn(pattern.argument as Node);
  if (pattern.type === "ArrayPattern") return (pattern.elements as (Node | null)[]).flatMap((one) => (one ? namesIn(one) : []));
  if (pattern.type === "ObjectPattern")
    return (pattern.properties as Node[]).flatMap((one) => namesIn(one.type === "RestElement" ? one : (one.value as Node)));
  return [];
};

/** Leads dynamic imports and every await, also those inside functions, through the hook. */
const leadThroughHook = (node: Node, text: MagicString): void => {
  if (node.type === "ImportExpression") text.overwrite(node.start, node.start + "import".length, `${hook}.import`);
  const awaited = node.type === "AwaitExpression" ? (node.argument as Node) : null;
  const looped = node.type === "ForOfStatement" && node.await === true ? (node.right as Node) : null;
  for (const child of childrenOf(node)) leadThroughHook(child, text);
  const inner = awaited ?? looped;
  if (inner) text.prependRight(inner.start, `${hook}.${awaited ? "wait" : "each"}(`).appendLeft(inner.end, ")");
};

const importText = (node: Node, index: number): { code: string; names: string[] } => {
  const from = JSON.stringify((node.source as { value: string }).value);
  const module = `__module${index}`;
  const names: string[] = [];
  const parts = [`const ${module} = await ${hook}.import(${from})`];
  for (const one of (node.specifiers as Node[]) ?? []) {
    const local = String((one.local as Node).name);
    names.push(local);
    if (one.type === "ImportNamespaceSpecifier") parts.push(`${local} = ${module}`);
    else if (one.type === "ImportDefaultSpecifier") parts.push(`${local} = ${module}.default`);
    else {
      const imported = one.imported as Node;
      parts.push(`${local} = ${hook}.pick(${module}, ${JSON.stringify(imported.name ?? imported.value)}, ${from})`);
    }
  }
  return { code: `${parts.join("; ")};`, names };
};

type Work = {
  text: MagicString;
  source: string;
  isAsync: boolean;
  names: string[];
  hoisted: string[];
  imports: number;
  /** Enums and namespaces: each would otherwise add to the one of an earlier run. */
  merging: string[];
  givesBack: boolean;
};

const declare = (node: Node, work: Work): void => {
  const declarations = node.declarations as Node[];
  work.names.push(...declarations.flatMap((one) => namesIn(one.id as Node)));
  if (!work.isAsync) {
    const keyword = String(node.kind);
    if (keyword !== "var") work.text.overwrite(node.start, node.start + keyword.length, "var");
    return;
  }
  const first = declarations[0]!;
  work.text.overwrite(node.start, first.start, ";");
  for (const [index, one] of declarations.entries()) {
    const next = declarations[index + 1];
    work.text.prependRight(one.start, "(");
    if (one.init === null) work.text.appendLeft(one.end, " = undefined");
    work.text.appendLeft(one.end, next ? "), " : ")");
    if (next) work.text.overwrite(one.end, next.start, work.source.slice(one.end, next.start).replace(",", ""));
  }
};

const statement = (node: Node, work: Work): void => {
  const { text } = work;
  if (node.type === "ImportDeclaration") {
    const { code, names } = importText(node, work.imports++);
    work.names.push(...names);
    text.overwrite(node.start, node.end, code + "\n".repeat(work.source.slice(node.start, node.end).split("\n").length - 1));
  } else if (node.type === "VariableDeclaration") declare(node, work);
  else if (node.type === "ClassDeclaration") {
    const name = String((node.id as Node).name);
    work.names.push(name);
    text.prependRight(node.start, work.isAsync ? `;${name} = ` : `var ${name} = `).appendLeft(node.end, ";");
  } else if (node.type === "FunctionDeclaration") {
    const name = String((node.id as Node).name);
    work.names.push(name);
    if (work.isAsync) work.hoisted.push(name);
  } else if (/^Export/.test(node.type) && isNode(node.declaration)) {
    text.remove(node.start, node.declaration.start);
    statement(node.declaration, work);
  } else if (/^Export/.test(node.type)) text.remove(node.start, node.end);
};

const keepLast = (body: Node[], { text, isAsync }: Work): void => {
  const last = body.at(-1);
  if (last?.type !== "ExpressionStatement") return;
  const expression = last.expression as Node;
  text.prependRight(expression.start, `${isAsync ? ownHook : hook}.last = (`).appendLeft(expression.end, ")");
};

const wrap = (work: Work): string => {
  const names = [...new Set(work.names)];
  // A function stays a declaration inside the async body, so it is callable above its place; its name is then given to all cells.
  const functions = new Set(work.hoisted);
  const head = names.filter((name) => !functions.has(name));
  const declared = head.length > 0 ? `var ${head.join(", ")};` : "";
  const given = [...functions].map((name) => `globalThis[${JSON.stringify(name)}] = ${name};`).join("");
  const [before, after] = work.givesBack ? ["try{", `}catch(e){${ownHook}.using.e=e}finally{await ${ownHook}.using.d()}`] : ["", ""];
  work.text
    .prepend(`${declared}${reset(work)}${hook}.promise = (async () => {const ${ownHook}=${hook};${before}${given}`)
    .append(`\n${after}})();`);
  return work.text.toString();
};

const reset = ({ merging }: Work): string => merging.map((name) => `var ${name} = undefined;`).join("");

const mergingNames = (source: string): string[] =>
  /\b(enum|namespace|module)\b/.test(source)
    ? (parseSync("cell.ts", source, { sourceType: "module" }).program.body as unknown as Node[]).flatMap((node) => {
        const at = /^Export/.test(node.type) && isNode(node.declaration) ? node.declaration : node;
        const isMerging = /^TS(Enum|Module)Declaration$/.test(at.type) && at.declare !== true && (at.id as Node).type === "Identifier";
        return isMerging ? [String((at.id as Node).name)] : [];
      })
    : [];

const isUsing = (node: Node): boolean => node.type === "VariableDeclaration" && /using$/.test(String(node.kind));
const holdsUsing = (node: Node): boolean => isUsing(node) || [...childrenOf(node)].some(holdsUsing);

/** A cell's own `using` becomes a const that is given back when the cell ends; one inside a function must be compiled. */
const takeUsing = (source: string): { source: string; givesBack: boolean; mustCompile: boolean } => {
  const asIs = { source, givesBack: false, mustCompile: false };
  if (!/\busing\b/.test(source)) return asIs;
  const { program, errors } = parseSync("cell.ts", source, { sourceType: "module" });
  if (errors.length > 0) return asIs;
  const body = program.body as unknown as Node[];
  const text = new MagicString(source);
  const own = body.filter(isUsing);
  for (const node of own) {
    const keyword = String(node.kind);
    text.overwrite(node.start, node.start + keyword.length, "const");
    for (const one of node.declarations as Node[]) {
      const init = one.init as Node;
      text.prependRight(init.start, `${ownHook}.using.${keyword === "using" ? "u" : "a"}(`).appendLeft(init.end, ")");
    }
  }
  return { source: text.toString(), givesBack: own.length > 0, mustCompile: body.some((node) => !isUsing(node) && holdsUsing(node)) };
};

/** Lines such as `%npm install …` as calls. Only a cell that is no TypeScript as it stands has them: the same words in a text stay as they are. */
const takeMagic = (cell: string): string =>
  mayHoldMagic(cell) && parseSync("cell.ts", cell, { sourceType: "module" }).errors.length > 0 ? callMagic(cell, hook) : cell;

/** Turns a cell into a script for the shared scope; throws CellSyntaxError with the cell's line. */
export const transformCell = (cell: string): Transformed => {
  const { source, givesBack, mustCompile } = takeUsing(takeMagic(cell));
  const { code: plain, lineOf } = eraseTypes(source, mustCompile);
  const { program, errors } = parseSync("cell.js", plain, { sourceType: "module" });
  if (errors.length > 0) raise(plain, "js");
  const body = program.body as unknown as Node[];
  const work: Work = {
    text: new MagicString(plain),
    source: plain,
    isAsync: givesBack || body.some((node) => node.type === "ImportDeclaration" || awaits(node)),
    names: [],
    hoisted: [],
    imports: 0,
    merging: lineOf ? mergingNames(source) : [],
    givesBack,
  };
  for (const node of body) leadThroughHook(node, work.text);
  keepLast(body, work);
  for (const node of body) statement(node, work);
  const code = work.isAsync ? wrap(work) : reset(work) + work.text.toString();
  return { code, isAsync: work.isAsync, names: [...new Set(work.names)], lineOf };
};

/** Whether a cell is finished, for front ends that run on Enter: an unexpected end means "go on typing". */
export const completeness = (cell: string): "complete" | "incomplete" | "invalid" => {
  const source = takeMagic(cell);
  const { errors } = parseSync("cell.ts", source, { sourceType: "module" });
  if (errors.length === 0) return "complete";
  const open = source.length - 1;
  const isAtEnd = errors.some((error) => (error.labels[0]?.end ?? 0) >= open || /EOF|Unterminated|Expected `[})\]]`/i.test(error.message));
  return isAtEnd ? "incomplete" : "invalid";
};
