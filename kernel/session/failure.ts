// A thrown thing as an nbformat error: name, words, and a stack cut down to the frames of the person's own cells.
import { inspect } from "node:util";
import type { Failure } from "#kernel/session/messages.ts";
import { CellSyntaxError, type LineOf } from "#kernel/session/transform.ts";

/** What an interrupted cell ends with; variables survive. */
export const interruption: Failure = {
  ename: "Interrupted",
  evalue: "Stopped. Variables are kept.",
  traceback: ["Stopped. Variables are kept."],
};

const keptMaps = 500;
const lines = new Map<string, LineOf>();

/** Remembers how the lines of a script that was printed anew lead back to its cell. */
export const rememberLines = (count: number, lineOf: LineOf | null): void => {
  const name = String(count);
  lines.delete(name);
  if (lineOf) lines.set(name, lineOf);
  if (lines.size > keptMaps) lines.delete(lines.keys().next().value!);
};

const lineIn = (cell: string, line: string, column: string): number => lines.get(cell)?.(Number(line), Number(column)) ?? Number(line);

const isOwnFrame = (line: string): boolean => /cell-\d+:\d+:\d+/.test(line);

const framesOf = (error: Error): string[] =>
  (error.stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line) && isOwnFrame(line))
    .map((line) =>
      line
        .replace(
          /cell-(\d+):(\d+):(\d+)/,
          (_, cell: string, at: string, column: string) => `cell [${cell}], line ${lineIn(cell, at, column)}:${column}`,
        )
        .replace(/ \(?eval at .*$/, "")
        .trimEnd(),
    )
    .slice(0, 12);

const codeFrame = (source: string, line: number): string[] => {
  const lines = source.split("\n");
  return [line - 1, line, line + 1]
    .filter((n) => n >= 1 && n <= lines.length)
    .map((n) => `${n === line ? ">" : " "} ${String(n).padStart(3)} | ${lines[n - 1]}`);
};

const lineOf = (error: Error, count: number): number | null => {
  const found = new RegExp(`cell-${count}:(\\d+):(\\d+)`).exec(error.stack ?? "");
  return found ? lineIn(String(count), found[1]!, found[2]!) : null;
};

/** Makes the failure of an execution from whatever was thrown. */
export const failureOf = (thrown: unknown, source: string, count: number): Failure => {
  if (thrown instanceof CellSyntaxError) {
    return {
      ename: "SyntaxError",
      evalue: thrown.message,
      traceback: [
        `SyntaxError: ${thrown.message}`,
        `    at cell [${count}], line ${thrown.line}:${thrown.column}`,
        ...codeFrame(source, thrown.line),
      ],
    };
  }
  if (!(thrown instanceof Error) && !(typeof thrown === "object" && thrown !== null && "message" in thrown)) {
    const text = inspect(thrown, { depth: 2 }).slice(0, 2000);
    return { ename: "Thrown", evalue: text, traceback: [`A value was thrown that is no Error: ${text}`] };
  }
  const error = thrown as Error;
  const name = error.name || "Error";
  const evalue = String(error.message).slice(0, 20_000);
  const line = lineOf(error, count);
  const cause = error.cause instanceof Error ? [`Caused by ${error.cause.name}: ${error.cause.message}`] : [];
  return { ename: name, evalue, traceback: [`${name}: ${evalue}`, ...framesOf(error), ...(line ? codeFrame(source, line) : []), ...cause] };
};
