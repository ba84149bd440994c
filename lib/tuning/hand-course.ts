// The course of one session that works on a study: which piece of code it is at and what each kernel message does to that. Pure. A session
// first names itself, then runs the notebook's cells with their text as it was, then the objective on trial after trial. The next piece is sent
// only when the reply of the one before is stored, so that whoever takes over knows where things stand.
import type { Fault } from "#lib/sessions/contract.ts";
import type { Told } from "#lib/sessions/rules.ts";

type Cell = { cellId: string; position: number; source: string; hash: string };
export type Work = {
  notebookId: string;
  notebookRevision: number;
  cells: Cell[];
  /** The lock of the notebook's npm packages when the work was set up. */
  packages: string | null;
  objective: string | null;
  parallel: number;
  startedBy: string;
  userId: string | null;
  role: string;
};

export type Piece = { cell: Cell; code: string; word: string };
export type Ending = { state: "done" } | { state: "failed"; sentence: string } | { state: "lost"; isTooLarge: boolean; sentence: string };
export type HandCourse = { piece: number; sentence: string; ending: Ending | null };

/** Under which name a session asks for trials: a hand and which session of it. */
export const ownerOf = (handId: string, attempt: number): string => `${handId}.${attempt}`;

/** What a session runs, in order. The first and the last piece belong to the cell of the objective. */
export const piecesOf = (work: Work, study: string, owner: string): Piece[] => {
  const last = work.cells.at(-1)!;
  const sdk = `(await import("atelier")).tuning`;
  return [
    { cell: last, code: `${sdk}.workAs(${JSON.stringify(owner)});`, word: "Begins" },
    ...work.cells.map((cell) => ({ cell, code: cell.source, word: `Runs cell ${cell.position}` })),
    ...(work.objective === null
      ? []
      : [{ cell: last, code: `await ${sdk}.work(${JSON.stringify(study)}, ${work.objective}); undefined`, word: "Runs trials" }]),
  ];
};

/** The message id of a piece: the same for whoever sends it, so the kernel runs it once. */
export const executionId = (owner: string, piece: number): string => `${owner}.${piece}`;

const lost = (course: HandCourse, sentence: string, isTooLarge = false): HandCourse => ({
  ...course,
  ending: { state: "lost", isTooLarge, sentence },
});

/** The session is gone: the hand goes on in another one. */
export const lose = (course: HandCourse): HandCourse => (course.ending ? course : lost(course, "The session was lost."));

const replied = (course: HandCourse, told: Told, pieces: readonly Piece[]): HandCourse => {
  const { content, metadata } = told.msg;
  if (content.status === "ok") {
    const piece = course.piece + 1;
    return piece < pieces.length
      ? { ...course, piece, sentence: `${pieces[piece]!.word}.` }
      : { ...course, piece, ending: { state: "done" } };
  }
  const fault = (metadata.atelier as { fault?: Fault } | undefined)?.fault ?? (content.status === "aborted" ? "ours" : "yours");
  const said = content.ename && content.ename !== "SessionEnded" ? `${content.ename}: ${content.evalue}` : String(content.evalue ?? "");
  if (fault === "limits") return lost(course, said, true);
  if (fault === "ours" || content.ename === "SessionEnded") return lost(course, said || "The session was lost.");
  const where = `Cell ${pieces[course.piece]!.cell.position}`;
  return { ...course, ending: { state: "failed", sentence: `${where}. ${said}`.slice(0, 2000) } };
};

const sentenceOf = (told: Told): string | null => {
  const data = told.msg.content.data as Record<string, { sentence?: unknown } | undefined> | undefined;
  const sentence = data?.["application/vnd.atelier.progress+json"]?.sentence;
  return typeof sentence === "string" ? sentence.slice(0, 300) : null;
};

/** Applies one kernel message. A restart that no reply explained means that the variables are gone. */
export const hear = (course: HandCourse, told: Told, pieces: readonly Piece[], owner: string): HandCourse => {
  if (course.ending) return course;
  const { header, content, parent_header } = told.msg;
  if (header.msg_type === "status") return ["restarting", "dead"].includes(String(content.execution_state)) ? lose(course) : course;
  if (parent_header.msg_id !== executionId(owner, course.piece)) return course;
  if (header.msg_type === "execute_reply") return replied(course, told, pieces);
  const sentence = sentenceOf(told);
  return sentence === null ? course : { ...course, sentence };
};
