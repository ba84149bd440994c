// The promises of the sessions room: running cells and hearing what comes of them. Status and outputs are server state, never in the
// co-edited document and never written by a browser. They travel over their own socket, numbered, so that a client resumes at any number.
import { z } from "zod";
import { inWorkspace, operation } from "#lib/kit/operation.ts";

export const sessionStates = ["none", "starting", "idle", "busy", "restarting", "lost"] as const;
export type SessionStatus = (typeof sessionStates)[number];

/** `lost` means the kernel went with its machine: variables are gone, outputs are kept, one click starts again. */
export const sessionSchema = z.object({
  status: z.enum(sessionStates),
  kernel: z.string().describe("Words for the title block, such as: TypeScript, Node 22"),
  isSandboxed: z.boolean(),
  memoryMb: z.number().nullable(),
  memoryLimitMb: z.number(),
  message: z.string().nullable().describe("What happened last to the session itself, in words"),
  startedAt: z.string().nullable(),
  kernelId: z.string().nullable().optional().describe("The kernel behind the notebook, for Jupyter's cell-run API"),
  server: z.string().nullable().optional().describe("The Jupyter server of others it runs on, by name; null on our own"),
  device: z.string().nullable().describe("The graphics card it holds, by name"),
  endsAt: z.string().nullable().describe("When it is ended for being idle, if nothing runs until then; null while busy or never"),
});
export type Session = z.output<typeof sessionSchema>;

export const cellStatuses = ["queued", "running", "done", "failed", "cancelled"] as const;
export type CellStatus = (typeof cellStatuses)[number];
export const isPending = (status: CellStatus): boolean => status === "queued" || status === "running";

/** Whose fault a failure was: your code, a limit, or ours (kernel or machine lost). */
export const faults = ["yours", "limits", "ours"] as const;
export type Fault = (typeof faults)[number];

/** What a running cell waits for from the person who ran it. */
export const questionSchema = z.object({
  prompt: z.string(),
  isPassword: z.boolean().describe("Typed unseen, and shown nowhere afterwards"),
  userId: z.string().nullable().describe("Who may answer: whoever ran the cell"),
});
export type Question = z.output<typeof questionSchema>;

/** State of the last run of one cell. A cell whose text no longer has `sourceHash` is stale; the client derives that. */
export const cellStateSchema = z.object({
  cellId: z.string(),
  status: z.enum(cellStatuses),
  executionCount: z.number().int().nullable(),
  sourceHash: z.string(),
  queuedAt: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  runBy: z.string(),
  fault: z.enum(faults).nullable(),
  message: z.string().nullable(),
  question: questionSchema.nullable().optional(),
});
export type CellState = z.output<typeof cellStateSchema>;

/** An nbformat 4.5 output: stream | display_data | execute_result | error; text fields are single strings. */
export const outputSchema = z.object({ output_type: z.enum(["stream", "display_data", "execute_result", "error"]) }).loose();
export type StreamOutput = { output_type: "stream"; name: "stdout" | "stderr"; text: string };
export type BundleOutput = {
  output_type: "display_data" | "execute_result";
  data: Record<string, unknown>;
  metadata: Record<string, unknown>;
  execution_count?: number | null;
};
export type ErrorOutput = { output_type: "error"; ename: string; evalue: string; traceback: string[] };
export type Output = StreamOutput | BundleOutput | ErrorOutput;

/** Stands where the shown output of a cell ends; the whole text is in its log. */
export const cutNotice =
  "More than 5 MB of output: what follows is not shown here. The whole log can be downloaded while the session runs.\n";
/** The same on a Jupyter server of others, where nobody keeps the rest. */
export const cutNoticeElsewhere =
  "More than 5 MB of output: what follows is shown nowhere, and the server this runs on keeps no log of it. Write long output to a file there.\n";
export const isCutNotice = (output: Output): boolean =>
  output.output_type === "stream" && (output.text === cutNotice || output.text === cutNoticeElsewhere);
/** Whether what was cut can be downloaded. */
export const hasWholeLog = (output: Output): boolean => output.output_type === "stream" && output.text === cutNotice;

/** One frame of the run stream, server to client. Apply in order; `output` replaces the output at `index` of its cell. */
export type RunEvent =
  | { type: "snapshot"; seq: number; session: Session; cells: CellState[]; outputs: Record<string, Output[]> }
  | { type: "session"; seq: number; session: Session }
  | { type: "cell"; seq: number; cell: CellState }
  | { type: "output"; seq: number; cellId: string; index: number; output: Output }
  | { type: "append"; seq: number; cellId: string; index: number; text: string }
  | { type: "clear"; seq: number; cellId: string };

const oneNotebook = { ...inWorkspace, notebook: z.string().max(64) };
const base = "/workspaces/{workspace}/notebooks/{notebook}";

export const runCells = operation({
  id: "sessions.run",
  method: "POST",
  path: `${base}/run`,
  grant: "run",
  status: 202,
  summary: "Queues cells in the given order, starting a session when none runs. 409 when a cell's text is no longer what you saw.",
  input: z.object({
    ...oneNotebook,
    cells: z
      .array(z.object({ cellId: z.string().max(100), sourceHash: z.string().max(64).describe("SHA-256 of the source you saw, hex") }))
      .min(1)
      .max(2000),
    requestId: z.string().max(100).optional().describe("Sent again with the same id, nothing runs twice"),
  }),
  output: z.object({ queued: z.array(cellStateSchema) }),
});

export const readOutputs = operation({
  id: "sessions.outputs",
  method: "GET",
  path: `${base}/outputs`,
  grant: "read",
  summary: "Reads the session, the state of every cell that ever ran and all outputs.",
  input: z.object(oneNotebook),
  output: z.object({
    seq: z.number(),
    session: sessionSchema,
    cells: z.array(cellStateSchema),
    outputs: z.record(z.string(), z.array(outputSchema)),
  }),
});

const sessionVerb = (verb: "start" | "interrupt" | "restart" | "stop" | "keep", summary: string) =>
  operation({
    id: `sessions.${verb}`,
    method: "POST",
    path: `${base}/session/${verb}`,
    grant: "run",
    status: 200,
    summary,
    input: z.object(oneNotebook),
    output: sessionSchema,
  });

export const startSession = sessionVerb("start", "Starts a session for this notebook, or answers the one that runs.");
export const interruptSession = sessionVerb("interrupt", "Stops the running cell and drops the queue; variables stay.");
export const restartSession = sessionVerb(
  "restart",
  "Starts the session anew, also one that ended or was lost: variables go, outputs stay.",
);
export const stopSession = sessionVerb("stop", "Ends the session and frees its memory; outputs stay.");

export const keepSession = sessionVerb("keep", "Counts the idle minutes of the session from now.");

export const answerQuestion = operation({
  id: "sessions.answer",
  method: "POST",
  path: `${base}/cells/{cell}/answer`,
  grant: "run",
  status: 200,
  summary: "Answers what a running cell asks; only whoever ran it may. 409 when it does not ask, or no longer.",
  input: z.object({ ...oneNotebook, cell: z.string().max(100), value: z.string().max(100_000) }),
  output: cellStateSchema,
});

const wish = {
  cpus: z.number().min(0).max(1024).describe("Processors kept free for it; 0 takes what there is"),
  memoryMb: z
    .number()
    .int()
    .min(0)
    .max(4_000_000)
    .describe("Memory kept free for it, and its limit when larger than the installation's; 0 takes what there is"),
  gpu: z.boolean().describe("Whether it holds a graphics card; waits in turn for one"),
  idleMinutes: z
    .number()
    .int()
    .min(0)
    .max(100_000)
    .nullable()
    .describe("Minutes without a run after which it ends; 0 never, null the installation's"),
};
export const wishSchema = z.object({ ...wish, installationIdleMinutes: z.number().int() });
export type SessionWish = z.output<typeof wishSchema>;

export const readWish = operation({
  id: "sessions.readWish",
  method: "GET",
  path: `${base}/session/wish`,
  grant: "read",
  summary: "Reads what the notebook's sessions ask of a machine and when they end by themselves.",
  input: z.object(oneNotebook),
  output: wishSchema,
});

export const changeWish = operation({
  id: "sessions.changeWish",
  method: "PUT",
  path: `${base}/session/wish`,
  grant: "run",
  summary: "Changes what the next session of the notebook asks for; idle minutes count at once.",
  input: z.object({ ...oneNotebook, ...wish }).partial({ cpus: true, memoryMb: true, gpu: true, idleMinutes: true }),
  output: wishSchema,
});

export const clearOutputs = operation({
  id: "sessions.clear",
  method: "POST",
  path: `${base}/outputs/clear`,
  grant: "run",
  status: 200,
  summary: "Removes stored outputs of the named cells, or of all cells when none is named.",
  input: z.object({ ...oneNotebook, cells: z.array(z.string()).optional() }),
  output: z.object({ seq: z.number() }),
});

/** A variable of a running session; `cellId` is the cell that declared it last. */
export const variableSchema = z.object({
  name: z.string(),
  type: z.string().describe("As people say it: number[], Float32Array, function"),
  shape: z.array(z.number()).nullable().describe("Lengths along each axis"),
  sizeBytes: z.number().describe("About; exact for typed arrays and text"),
  preview: z.string().describe("One line"),
  executionCount: z.number().nullable(),
  cellId: z.string().nullable(),
});
export type Variable = z.output<typeof variableSchema>;

export const listVariables = operation({
  id: "sessions.variables",
  method: "GET",
  path: `${base}/variables`,
  grant: "run",
  summary: "Lists the running session's variables. 409 when none runs, 503 while a cell holds it.",
  input: z.object(oneNotebook),
  output: z.object({ items: z.array(variableSchema) }),
});

export const readVariable = operation({
  id: "sessions.variable",
  method: "GET",
  path: `${base}/variables/{name}`,
  grant: "run",
  summary: "Shows one variable as a cell would, without running anything.",
  input: z.object({ ...oneNotebook, name: z.string().min(1).max(200) }),
  output: z.object({ name: z.string(), data: z.record(z.string(), z.unknown()), metadata: z.record(z.string(), z.unknown()) }),
});

export const downloadLog = operation({
  id: "sessions.log",
  method: "GET",
  path: `${base}/cells/{cell}/log`,
  grant: "read",
  answers: "bytes",
  summary: "Streams the whole text the last run of a cell printed, when it was longer than screens keep.",
  input: z.object({ ...oneNotebook, cell: z.string().max(100) }),
  output: z.unknown(),
});

/** Where the run stream is: WebSocket, `?after=<seq>` resumes, `?token=` or the sign-in cookie; viewers may listen. */
export const streamPath = (workspace: string, notebook: string): string => `/api/v1/workspaces/${workspace}/notebooks/${notebook}/stream`;
