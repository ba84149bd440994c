// One notebook's TypeScript language service. Source files of the SDK, of Node's types and of packages are parsed once for all notebooks;
// cells live in memory only. What may be read from this machine is walled: the product's own sources and packages, and the packages of
// this notebook; a cell that names any other file finds nothing there.
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { type Document, makeDocument, sessionModule } from "#kernel/language/document.ts";
import { globalsText } from "#kernel/language/globals.ts";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const sdk = join(root, "lib/sdk/index.ts");
const sdkTable = join(root, "lib/sdk/table.ts");
const standard = dirname(ts.getDefaultLibFilePath({}));

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  lib: ["lib.esnext.d.ts"],
  types: ["node"],
  strict: true,
  noImplicitAny: false,
  useUnknownInCatchVariables: false,
  skipLibCheck: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  esModuleInterop: true,
  newLine: ts.NewLineKind.LineFeed,
};

const registry = ts.createDocumentRegistry();
const snapshots = new Map<string, ts.IScriptSnapshot | null>();
const existing = new Map<string, boolean>();
const resolved = new Map<string, ts.ResolvedModuleFull | undefined>();

/** Packages behind the SDK whose types no cell ever sees; a quarter of all files otherwise. */
const unseen = /^@duckdb\//;

const isOurs = (path: string): boolean =>
  path.startsWith(`${root}/lib/`) ||
  path.startsWith(`${root}/node_modules/`) ||
  path === `${root}/package.json` ||
  path.startsWith(standard);

const kept = <T>(known: Map<string, T>, path: string, ask: () => T): T => {
  const found = known.get(path);
  if (found !== undefined) return found;
  const made = ask();
  known.set(path, made);
  return made;
};

const snapshotOf = (path: string): ts.IScriptSnapshot | null => {
  try {
    return ts.ScriptSnapshot.fromString(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
};

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

export type Project = {
  document: Document;
  service: ts.LanguageService;
  /** The types of the workspace's tables, as an ambient file. */
  setTables: (text: string) => void;
  /** The session's variables, as a module. */
  setVariables: (text: string, names: string[]) => void;
  /** A folder whose `node_modules` are the notebook's own packages; `stamp` changes when they do. */
  setPackages: (folder: string | null, stamp: string) => void;
  /** What `import { … } from "atelier"` offers. */
  sdkExports: () => ts.Symbol[];
  close: () => void;
};

let opened = 0;

/** Opens a notebook's service; the first one of a process parses everything that is shared, the next ones find it. */
export const openProject = (): Project => {
  const folder = `${root}/.cells/${++opened}`;
  const document = makeDocument(folder);
  const own = { globals: `${folder}/globals.d.ts`, tables: `${folder}/tables.d.ts`, session: document.pathOf(sessionModule) };
  const texts = new Map([
    [own.globals, globalsText],
    [own.tables, "export {};\n"],
    [own.session, "export {};\n"],
  ]);
  const versions = new Map<string, number>();
  let packages: { folder: string; stamp: string } | null = null;

  const isPackage = (path: string): boolean => packages !== null && path.startsWith(`${packages.folder}/`);
  /** A package may be a link; what it leads to must be within the walls too. */
  const mayRead = (path: string): boolean => isOurs(path) || (isPackage(path) && isPackage(realOf(path)));
  const realOf = (path: string): string => {
    try {
      return realpathSync(path);
    } catch {
      return path;
    }
  };
  const fileExists = (path: string): boolean => {
    if (path.startsWith(`${folder}/`)) return texts.has(path) || document.at(path) !== null;
    if (isOurs(path)) return kept(existing, path, () => isFile(path));
    return isPackage(path) && mayRead(path) && isFile(path);
  };
  const read = (path: string): ts.IScriptSnapshot | undefined => {
    const text = texts.get(path);
    if (text !== undefined) return ts.ScriptSnapshot.fromString(text);
    const cell = document.at(path);
    if (cell) return ts.ScriptSnapshot.fromString(cell.prelude + cell.source);
    if (isOurs(path)) return kept(snapshots, path, () => snapshotOf(path)) ?? undefined;
    return mayRead(path) ? (snapshotOf(path) ?? undefined) : undefined;
  };

  const walls = {
    fileExists,
    readFile: (path: string): string | undefined => {
      const snapshot = read(path);
      return snapshot?.getText(0, snapshot.getLength());
    },
    directoryExists: (path: string): boolean => (isOurs(`${path}/`) || isPackage(`${path}/`) || path === root) && isFolder(path),
    realpath: realOf,
  };

  const fromPackages = (name: string): ts.ResolvedModuleFull | undefined => {
    if (!packages || /^[./#]|^node:|^atelier$/.test(name)) return undefined;
    const found = ts.resolveModuleName(name, `${packages.folder}/cell.ts`, options, walls).resolvedModule;
    return found && isPackage(found.resolvedFileName) ? found : undefined;
  };

  const resolve = (name: string, from: string): ts.ResolvedModuleFull | undefined => {
    const toSource = (path: string): ts.ResolvedModuleFull => ({ resolvedFileName: path, extension: ts.Extension.Ts });
    if (from.startsWith(`${folder}/`)) {
      if (name.startsWith("cell:")) return fileExists(document.pathOf(name)) ? toSource(document.pathOf(name)) : undefined;
      if (name === "atelier") return toSource(sdk);
      if (name === "atelier:table") return toSource(sdkTable);
      if (/^[./#]/.test(name)) return undefined; // a file of the session's work folder: known only where it runs
      return fromPackages(name) ?? cached(name, `${root}/lib/cell.ts`);
    }
    if (unseen.test(name) && from.startsWith(`${root}/lib/`)) return undefined;
    return isPackage(from) ? ts.resolveModuleName(name, from, options, walls).resolvedModule : cached(name, from);
  };
  const cached = (name: string, from: string): ts.ResolvedModuleFull | undefined => {
    const key = `${dirname(from)} ${name}`;
    if (!resolved.has(key)) resolved.set(key, ts.resolveModuleName(name, from, options, walls).resolvedModule);
    return resolved.get(key);
  };

  /** Which package a file belongs to, asked for every file at every letter; TypeScript looks for this method though it does not say so. */
  const scopes = ts.createModuleResolutionCache(root, (path) => path, options);
  const host: ts.LanguageServiceHost & Pick<ts.CompilerHost, "getModuleResolutionCache"> = {
    ...walls,
    getModuleResolutionCache: () => scopes,
    getProjectVersion: () => `${document.version()} ${packages?.stamp ?? ""}`,
    getCompilationSettings: () => options,
    getCurrentDirectory: () => root,
    getDefaultLibFileName: () => join(standard, "lib.esnext.d.ts"),
    getScriptFileNames: () => [own.globals, own.tables, own.session, ...document.cells().map((cell) => cell.path)],
    getScriptVersion: (path) => String(document.at(path)?.version ?? versions.get(path) ?? (isPackage(path) ? packages?.stamp : 1)),
    getScriptSnapshot: read,
    resolveModuleNameLiterals: (literals, from) =>
      literals.map((literal) => ({ resolvedModule: resolve(literal.text, from.replaceAll("\\", "/")) })),
  };
  const service = ts.createLanguageService(host, registry, ts.LanguageServiceMode.Semantic);

  const set = (path: string, text: string): void => {
    if (texts.get(path) === text) return;
    texts.set(path, text);
    versions.set(path, (versions.get(path) ?? 1) + 1);
    document.touch();
  };

  return {
    document,
    service,
    setTables: (text) => set(own.tables, text),
    setVariables: (text, names) => {
      set(own.session, text);
      document.setSession(names);
    },
    setPackages: (at, stamp) => {
      const next = at && existsSync(join(at, "node_modules")) ? { folder: realOf(at), stamp } : null;
      if (next?.folder === packages?.folder && next?.stamp === packages?.stamp) return;
      packages = next;
      scopes.clear();
      service.cleanupSemanticCache(); // what was not found is looked for again
      document.touch();
    },
    sdkExports: () => {
      const program = service.getProgram();
      const file = program?.getSourceFile(sdk);
      const checker = program?.getTypeChecker();
      const symbol = file && checker?.getSymbolAtLocation(file);
      return symbol && checker ? checker.getExportsOfModule(symbol) : [];
    },
    close: () => service.dispose(),
  };
};
