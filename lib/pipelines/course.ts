// The course of one attempt of a pipeline run: what each kernel message, a lost session, a limit or a Stop does to it. A pure reducer:
// `hear` and `end` change nothing, they answer the next course and what to store with it. Cells run one after the other; the next is sent only
// when the reply of the one before is stored, so that whoever takes over knows exactly where things stand (P4).
import type { LogKind, PipelineRunStatus } from "#lib/pipelines/contract.ts";
import type { Fault } from "#lib/sessions/contract.ts";
import type { Told } from "#lib/sessions/rules.ts";

export type CourseStage = {
  id: string;
  name: string;
  cells: { cellId: string; position: number }[];
  status: PipelineRunStatus;
  cellIndex: number;
  startedAt: string | null;
  endedAt: string | null;
  fault: Fault | null;
  message: string | null;
  progress: { fraction: number; sentence: string } | null;
};

export type Ending = { status: "done" | "failed" | "cancelled"; fault: Fault | null; message: string | null };
export type Course = { stages: CourseStage[]; ending: Ending | null; isLost: boolean };
export type Entry = { at: string; order: number; cellId: string | null; kind: LogKind; text: string };
export type Step = { course: Course; entries: Entry[] };

export const attemptLimit = 2;
/** Text of one pipeline run beyond this is not kept; the log says so once. */
export const logLimitBytes = 10_000_000;
const entryLimit = 200_000;
const progressEveryMs = 5000;

/** The message id a cell is executed under: the same for whoever sends it, so the kernel runs it once. */
export const executionId = (stageRunId: string, cellIndex: number): string => `${stageRunId}.${cellIndex}`;

const placeOf = (course: Course, executed: string | undefined): { order: number; cellIndex: number } | null => {
  const [stageRunId, cell] = (executed ?? "").split(".");
  const order = course.stages.findIndex((stage) => stage.id === stageRunId);
  return order < 0 ? null : { order, cellIndex: Number(cell) };
};

/** The stage that runs or is next, with its cell; null when the course has ended. */
export const current = (course: Course): { order: number; stage: CourseStage } | null => {
  if (course.ending) return null;
  const order = course.stages.findIndex((stage) => stage.status === "queued" || stage.status === "running");
  return order < 0 ? null : { order, stage: course.stages[order]! };
};

const withStage = (course: Course, order: number, change: Partial<CourseStage>): Course => ({
  ...course,
  stages: course.stages.map((stage, index) => (index === order ? { ...stage, ...change } : stage)),
});

/** Starts the first stage that waits, when none runs. */
export const begin = (course: Course, at: string): Course => {
  const now = current(course);
  return now?.stage.status === "queued" ? withStage(course, now.order, { status: "running", startedAt: at }) : course;
};

/** Ends the course in the stage that runs; those behind it are not reached. */
export const end = (course: Course, ending: Ending, at: string): Course => {
  const now = current(course);
  if (!now) return course;
  const stages = course.stages.map((stage, order): CourseStage => {
    if (order < now.order) return stage;
    if (order === now.order && stage.status === "running") return { ...stage, ...ending, endedAt: at };
    return { ...stage, status: "cancelled", message: "Not reached." };
  });
  return { ...course, stages, ending };
};

/** The session is gone: the attempt ends as ours, and `isLost` says that another one may follow (P5). */
export const lose = (course: Course, at: string): Course => {
  if (course.ending) return course;
  return {
    ...end(course, { status: "failed", fault: "ours", message: "The session was lost with its machine." }, at),
    isLost: true,
  };
};

const replied = (course: Course, told: Told, at: string): Course => {
  const place = placeOf(course, told.msg.parent_header.msg_id);
  const now = current(course);
  if (!place || !now || place.order !== now.order || place.cellIndex !== now.stage.cellIndex) return course;
  const { content, metadata } = told.msg;
  if (content.status === "ok") {
    const cellIndex = now.stage.cellIndex + 1;
    if (cellIndex < now.stage.cells.length) return withStage(course, now.order, { cellIndex });
    const done = withStage(course, now.order, { cellIndex, status: "done", endedAt: at });
    if (now.order === course.stages.length - 1) return { ...done, ending: { status: "done", fault: null, message: null } };
    return begin(done, at);
  }
  const fault = (metadata.atelier as { fault?: Fault } | undefined)?.fault ?? (content.status === "aborted" ? "ours" : "yours");
  if (fault === "ours") return lose(course, at);
  const cell = now.stage.cells[now.stage.cellIndex];
  const said = content.ename && content.ename !== "SessionEnded" ? `${content.ename}: ${content.evalue}` : String(content.evalue ?? "");
  return end(course, { status: "failed", fault, message: `Cell ${cell?.position ?? "?"}. ${said}`.slice(0, 2000) }, at);
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours begin with the escape character
const plain = (text: string): string => text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, "").replaceAll("\u0000", "");
const cut = (text: string): string =>
  text.length > entryLimit ? `${text.slice(0, entryLimit)}\n… ${text.length - entryLimit} more characters are not kept.\n` : text;

const textOf = (content: Record<string, unknown>): string => {
  const text = (content.data as Record<string, unknown> | undefined)?.["text/plain"];
  return typeof text === "string" ? text : "";
};

type Progress = { state: string; fraction: number; sentence: string };
const progressOf = (content: Record<string, unknown>): Progress | null =>
  ((content.data as Record<string, unknown> | undefined)?.["application/vnd.atelier.progress+json"] as Progress | undefined) ?? null;

/** When a display last wrote a progress line, so that ten updates a second become a line every five. */
export type Pace = Map<string, number>;

const told = (message: Told): { kind: LogKind; text: string } | null => {
  const { header, content } = message.msg;
  if (header.msg_type === "stream") return { kind: content.name === "stderr" ? "stderr" : "stdout", text: String(content.text ?? "") };
  if (header.msg_type === "error") {
    const trace = (content.traceback as string[] | undefined) ?? [];
    return { kind: "error", text: trace.length > 0 ? trace.join("\n") : `${content.ename}: ${content.evalue}` };
  }
  if (header.msg_type === "execute_result" || header.msg_type === "display_data") return { kind: "result", text: textOf(content) };
  return null;
};

const hearProgress = (course: Course, message: Told, place: { order: number; cellId: string | null }, at: string, pace: Pace): Step => {
  const progress = progressOf(message.msg.content)!;
  const id = String((message.msg.content.transient as { display_id?: string } | undefined)?.display_id ?? "");
  const isDue = progress.state !== "running" || Date.parse(at) - (pace.get(id) ?? 0) >= progressEveryMs;
  if (isDue) pace.set(id, Date.parse(at));
  const next = withStage(course, place.order, { progress: { fraction: progress.fraction, sentence: plain(progress.sentence) } });
  return { course: next, entries: isDue ? [{ ...place, at, kind: "progress", text: plain(progress.sentence) }] : [] };
};

/** Applies one kernel message. A restart that no cell's end explained means that the variables are gone: the attempt is lost. */
export const hear = (course: Course, message: Told, at: string, pace: Pace): Step => {
  if (course.ending) return { course, entries: [] };
  const { header, content, parent_header } = message.msg;
  if (header.msg_type === "status")
    return { course: ["restarting", "dead"].includes(String(content.execution_state)) ? lose(course, at) : course, entries: [] };
  const found = placeOf(course, parent_header.msg_id);
  if (!found) return { course, entries: [] };
  const place = { order: found.order, cellId: course.stages[found.order]!.cells[found.cellIndex]?.cellId ?? null };
  if (header.msg_type === "execute_reply") return { course: replied(course, message, at), entries: [] };
  if (progressOf(content)) return hearProgress(course, message, place, at, pace);
  const said = told(message);
  if (!said || said.text === "") return { course, entries: [] };
  return { course, entries: [{ ...place, at, kind: said.kind, text: cut(plain(said.text)) }] };
};
