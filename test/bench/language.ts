// The language service at a hundred cells while somebody types in the last one: what each letter's completion and each pause's diagnosis
// take, asked of the process as the gateway asks it; beside TypeScript alone on one file of all cells, which is how most notebooks do it.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import type { Ask, Reply } from "#kernel/language/messages.ts";
import { openLanguageService } from "#kernel/language/service.ts";
import { line, ms, quantile, times } from "#test/bench/figures.ts";
import type { Say } from "#test/bench/main.ts";

const cellCount = 100;
const rounds = 10;
/** Between two letters of somebody who types fast. */
const pauseMs = 60;
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Cells as people write them: a table, columns of it, a function over them, and what comes out; each uses one `reach` cells above it. */
const sourceOf = (i: number, reach: number): string =>
  i === 0
    ? 'import { datasets, learn } from "atelier";\nconst loans = await datasets.open("loans");'
    : `const column${i} = await loans.column("int_rate");
function share${i}(limit: number) {
  return column${i}.filter((one) => one > limit).length / column${i}.length;
}
const part${i} = { at: ${i}, share: share${i}(${i})${i > reach ? `, before: part${i - reach}.share` : ""} };
part${i}.share`;

/** What is typed into the last cell, letter by letter, each followed by a question where an editor asks one. */
const lines = ['loans.column("int', `part${cellCount - 2}.sha`, "const area = learn.roc", `sha`];
const keystrokes = (base: string): { source: string; kind: "member" | "name" | "text" }[] =>
  lines.flatMap((typed) =>
    [...typed].flatMap((letter, i) => {
      const source = `${base}\n${typed.slice(0, i + 1)}`;
      if (!/[\w."]/.test(letter)) return [];
      return [{ source, kind: /"\w*$/.test(source) ? ("text" as const) : /\.\w*$/.test(source) ? ("member" as const) : ("name" as const) }];
    }),
  );

const timed = async <T>(took: number[], work: () => T | Promise<T>): Promise<T> => {
  const at = performance.now();
  const answer = await work();
  took.push(performance.now() - at);
  return answer;
};

const tables = [{ name: "loans", columns: ["int_rate", "grade", "annual_inc"].map((name) => ({ name, kind: "number" as const })) }];

/** TypeScript's own service on the concatenated cells, with the same types to resolve. */
const openOneFile = () => {
  const path = `${root}lib/one-file.ts`;
  let text = "";
  let version = 0;
  const service = ts.createLanguageService({
    getCompilationSettings: () => ({
      target: ts.ScriptTarget.ESNext,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      allowImportingTsExtensions: true,
      noEmit: true,
      strict: true,
      skipLibCheck: true,
      lib: ["lib.esnext.d.ts"],
      types: ["node"],
      paths: { atelier: [`${root}lib/sdk/index.ts`] },
    }),
    getCurrentDirectory: () => root,
    getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
    getScriptFileNames: () => [path],
    getScriptVersion: (name) => (name === path ? String(version) : "1"),
    getScriptSnapshot: (name) => {
      if (name === path) return ts.ScriptSnapshot.fromString(text);
      return ts.sys.fileExists(name) ? ts.ScriptSnapshot.fromString(readFileSync(name, "utf8")) : undefined;
    },
    fileExists: (name) => name === path || ts.sys.fileExists(name),
    readFile: (name) => ts.sys.readFile(name),
    directoryExists: (name) => ts.sys.directoryExists(name),
  });
  return {
    complete: (source: string) => {
      text = source;
      version += 1;
      return service.getCompletionsAtPosition(path, source.length, {});
    },
    diagnose: () => [...service.getSyntacticDiagnostics(path), ...service.getSemanticDiagnostics(path)],
  };
};

type Took = {
  first: number[];
  whole: number[];
  all: number[];
  faults: number[];
  kinds: Record<"member" | "name" | "text", number[]>;
  rssMb: number;
  processorMs: number;
};

/** Processor time a process has used, with its helpers' threads. */
const processorMs = (pid: number | null): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

const measure = async (sources: string[]): Promise<Took> => {
  const ids = sources.map((_, i) => `cell${i}`);
  const last = ids.at(-1)!;
  const service = openLanguageService();
  let from: string | null = null;
  const ask = async (changed: Record<string, string>, question: Ask): Promise<Reply> => {
    const to = randomUUID();
    const reply = await service.ask({
      notebook: "bench",
      from,
      to,
      order: ids,
      changed,
      ...(from === null ? { tables } : {}),
      ask: question,
    });
    from = to;
    return reply;
  };
  const took: Took = { first: [], whole: [], all: [], faults: [], kinds: { member: [], name: [], text: [] }, rssMb: 0, processorMs: 0 };
  await timed(took.first, () => ask(Object.fromEntries(ids.map((id, i) => [id, sources[i]!])), { type: "diagnose", cells: [last] }));
  await timed(took.whole, () => ask({}, { type: "diagnose" }));
  const before = processorMs(service.pid());
  for (let round = 0; round < rounds; round++) {
    for (const { source, kind } of keystrokes(`${sources.at(-1)}\n// ${round}`)) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      await timed(took.all, () => ask({ [last]: source }, { type: "complete", cellId: last, offset: source.length }));
      took.kinds[kind].push(took.all.at(-1)!);
    }
    await timed(took.faults, () => ask({ [last]: `${sources.at(-1)}\n// ${round}` }, { type: "diagnose", cells: [last] }));
  }
  took.processorMs = (processorMs(service.pid()) - before) / (took.all.length + took.faults.length);
  took.rssMb = Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid()}/status`, "utf8"))?.[1] ?? 0) / 1024);
  service.close();
  return took;
};

const measureOneFile = async (sources: string[]): Promise<{ all: number[]; faults: number[] }> => {
  const one = openOneFile();
  const before = sources.join("\n");
  const took = { all: [] as number[], faults: [] as number[] };
  for (let round = 0; round < 3; round++) {
    for (const { source } of keystrokes(before)) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      await timed(took.all, () => one.complete(source));
    }
    one.complete(`${before}\n// ${round}`);
    await timed(took.faults, () => one.diagnose());
  }
  return took;
};

const p50 = (took: number[]): string => `p50 ${ms(quantile(took, 0.5))}`;

export const benchLanguage = async (say: Say): Promise<void> => {
  const sources = Array.from({ length: cellCount }, (_, i) => sourceOf(i, 10));
  const ours = await measure(sources);
  const alone = await measureOneFile(sources);
  const chain = await measure(sources.map((_, i) => sourceOf(i, 1)));
  say(line(`language: first answer, ${cellCount} cells`, ms(ours.first[0]!), "a new process reads every type"));
  say(line(`language: completion at ${cellCount} cells p95`, ms(quantile(ours.all, 0.95)), `${p50(ours.all)}, ${ours.all.length} letters`));
  for (const [kind, took] of Object.entries(ours.kinds)) say(line(`language: of these, ${kind}s p95`, ms(quantile(took, 0.95)), p50(took)));
  say(line("language: processor time of a question, mean", ms(ours.processorMs), "all its threads"));
  say(line("language: faults of the cell p95", ms(quantile(ours.faults, 0.95)), p50(ours.faults)));
  say(line(`language: faults of all ${cellCount} cells, the first time`, ms(ours.whole[0]!)));
  say(line("language: memory of the process", `${ours.rssMb} MB`, "resident, serves every notebook"));
  say(
    line(
      `language: a chain of ${cellCount} cells, completion p95`,
      ms(quantile(chain.all, 0.95)),
      `${p50(chain.all)}; each cell uses the one above`,
    ),
  );
  const [completion, faults] = [quantile(alone.all, 0.95), quantile(alone.faults, 0.95)];
  say(
    line(
      "one file of all cells: completion p95",
      ms(completion),
      `${p50(alone.all)}; ours ${times(quantile(ours.all, 0.95) / completion)}`,
    ),
  );
  say(line("one file of all cells: faults p95", ms(faults), `ours ${times(quantile(ours.faults, 0.95) / faults)}`));
};
