// What the language service promises to an editor: what could stand here, what this is, what is wrong, where it comes from, and changes of
// text. All cells of a notebook share one scope, in the order of the page. Positions count UTF-16 code units from the start of a cell, as
// editors do.
import { z } from "zod";
import { inWorkspace, operation } from "#lib/kit/operation.ts";

/** A stretch of one cell's text. */
export const spanSchema = z.object({ start: z.number().int().min(0), length: z.number().int().min(0) });
export type Span = z.output<typeof spanSchema>;
export const placeSchema = spanSchema.extend({ cellId: z.string() });
export type Place = z.output<typeof placeSchema>;
/** New text for a stretch of a cell. */
export const editSchema = placeSchema.extend({ text: z.string() });
export type Edit = z.output<typeof editSchema>;

export const sourceLimit = 400_000;

const oneCell = {
  ...inWorkspace,
  notebook: z.string().max(64),
  cellId: z.string().max(100),
  source: z.string().max(sourceLimit).optional().describe("The cell's text as the editor has it; absent: as the document has it"),
};
const onePosition = { ...oneCell, offset: z.number().int().min(0).max(sourceLimit).describe("UTF-16 code units from the cell's start") };
const base = "/workspaces/{workspace}/notebooks/{notebook}/language";

export const completionSchema = z.object({
  name: z.string(),
  kind: z.string().describe("In TypeScript's words: const, method, property, class, keyword, module, …"),
  sort: z.string(),
  insert: z.string().optional().describe("What to write when it is not the name"),
  span: spanSchema.optional().describe("What it replaces when it is not the word at the position"),
  isDeprecated: z.boolean().optional(),
  origin: z.string().optional().describe("Where it comes from when it must be imported first"),
  edits: z.array(editSchema).optional().describe("Changes that go with it, such as the import"),
});
export type Completion = z.output<typeof completionSchema>;

export const completeCell = operation({
  id: "sessions.language.complete",
  method: "POST",
  path: `${base}/complete`,
  grant: "read",
  status: 200,
  summary: "Lists what could stand at a position, best first, at most 200 that fit what is typed.",
  input: z.object({ ...onePosition, trigger: z.string().max(1).optional().describe("The character just typed, such as a dot or a quote") }),
  output: z.object({ items: z.array(completionSchema), isIncomplete: z.boolean() }),
});

export const describeCompletion = operation({
  id: "sessions.language.describe",
  method: "POST",
  path: `${base}/describe`,
  grant: "read",
  status: 200,
  summary: "Tells the type and the documentation of one completion.",
  input: z.object({ ...onePosition, name: z.string().max(1000) }),
  output: z.object({ signature: z.string(), documentation: z.string() }),
});

export const signatureAt = operation({
  id: "sessions.language.signature",
  method: "POST",
  path: `${base}/signature`,
  grant: "read",
  status: 200,
  summary: "Tells the signatures of the call around a position and which argument stands there; null outside of calls.",
  input: z.object(onePosition),
  output: z.object({
    help: z
      .object({
        signatures: z.array(
          z.object({
            label: z.string(),
            documentation: z.string(),
            parameters: z.array(z.object({ label: z.tuple([z.number(), z.number()]), documentation: z.string() })),
          }),
        ),
        active: z.number().int(),
        argument: z.number().int(),
      })
      .nullable(),
  }),
});

export const hoverAt = operation({
  id: "sessions.language.hover",
  method: "POST",
  path: `${base}/hover`,
  grant: "read",
  status: 200,
  summary: "Tells the type and the documentation of what stands at a position; null where nothing does.",
  input: z.object(onePosition),
  output: z.object({ info: z.object({ span: spanSchema, signature: z.string(), documentation: z.string() }).nullable() }),
});

export const faultSchema = spanSchema.extend({
  severity: z.enum(["error", "warning", "hint"]),
  code: z.number().int(),
  message: z.string(),
  isDeprecated: z.boolean().optional(),
});
export type Fault = z.output<typeof faultSchema>;

export const diagnoseCells = operation({
  id: "sessions.language.diagnose",
  method: "POST",
  path: `${base}/diagnose`,
  grant: "read",
  status: 200,
  summary: "Lists what is wrong in the named cells, or in all code cells when none is named.",
  input: z.object({
    ...inWorkspace,
    notebook: z.string().max(64),
    cells: z.array(z.string().max(100)).max(2000).optional(),
    cellId: z.string().max(100).optional().describe("The cell whose text is sent along"),
    source: z.string().max(sourceLimit).optional(),
  }),
  output: z.object({ cells: z.array(z.object({ cellId: z.string(), faults: z.array(faultSchema) })) }),
});

export const definitionAt = operation({
  id: "sessions.language.definition",
  method: "POST",
  path: `${base}/definition`,
  grant: "read",
  status: 200,
  summary: "Finds the cells that define what stands at a position.",
  input: z.object(onePosition),
  output: z.object({ span: spanSchema.nullable(), places: z.array(placeSchema) }),
});

export const renameAt = operation({
  id: "sessions.language.rename",
  method: "POST",
  path: `${base}/rename`,
  grant: "read",
  status: 200,
  summary: "Works out the changes that rename what stands at a position, in all cells that mean the same; applies nothing.",
  input: z.object({
    ...onePosition,
    name: z.string().max(200).optional().describe("The new name; absent: only whether and what can be renamed"),
  }),
  output: z.object({
    span: spanSchema.nullable(),
    refusal: z.string().nullable().describe("Why this cannot be renamed, in words"),
    edits: z.array(editSchema),
  }),
});

export const formatCell = operation({
  id: "sessions.language.format",
  method: "POST",
  path: `${base}/format`,
  grant: "read",
  status: 200,
  summary: "Works out the changes that format a cell, or a stretch of it; applies nothing.",
  input: z.object({ ...oneCell, span: spanSchema.optional() }),
  output: z.object({ edits: z.array(editSchema) }),
});
