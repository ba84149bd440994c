// What travels between the gateway and the language process, one object a message. The asker sends what changed since the state it names;
// a process that does not hold that state (new, or another asker was here) says so, and gets everything.
import type { Completion, Edit, Fault, Place, Span } from "#lib/sessions/language/contract.ts";

export type Position = { cellId: string; offset: number };

/** One question about a notebook, after its texts are brought up to date. */
export type Ask =
  /** `before` is the end of the text before the position, for live values where types know nothing. */
  | ({ type: "complete"; trigger?: string; before?: string } & Position)
  | ({ type: "describe"; name: string } & Position)
  | ({ type: "signature" } & Position)
  | ({ type: "hover" } & Position)
  | ({ type: "definition" } & Position)
  | ({ type: "rename"; name?: string } & Position)
  | { type: "diagnose"; cells?: string[] }
  | { type: "format"; cellId: string; span?: Span };

export type Column = { name: string; kind: "number" | "boolean" | "date" | "string" };
/** A data set's columns by the name cells open it under: `loans`, or `loans@2`. */
export type Table = { name: string; columns: Column[] };
export type LiveVariable = { name: string; type: string };

export type Question = {
  notebook: string;
  /** The state `changed` builds on; null: everything is here. */
  from: string | null;
  /** The name of the state after this. */
  to: string;
  /** Code cells in the order of the page, and texts that are new or changed. */
  order: string[];
  changed: Record<string, string>;
  /** Absent: as before. */
  tables?: Table[];
  variables?: LiveVariable[];
  /** A folder whose `node_modules` are the notebook's packages, with a stamp that changes when they do. */
  packages?: { folder: string; stamp: string } | null;
  ask: Ask;
};

export type Help = {
  signatures: { label: string; documentation: string; parameters: { label: [number, number]; documentation: string }[] }[];
  active: number;
  argument: number;
};
export type Answers = {
  complete: { items: Completion[]; isIncomplete: boolean };
  describe: { signature: string; documentation: string };
  signature: { help: Help | null };
  hover: { info: { span: Span; signature: string; documentation: string } | null };
  definition: { span: Span | null; places: Place[] };
  rename: { span: Span | null; refusal: string | null; edits: Edit[] };
  diagnose: { cells: { cellId: string; faults: Fault[] }[] };
  format: { edits: Edit[] };
};
export type AnswerTo<A extends Ask> = Answers[A["type"]];
export type Reply = { isStale: true } | { isStale: false; answer: Answers[keyof Answers] };
