// The promise of the costs room: what sessions used, by day, person, notebook or session.
import { z } from "zod";
import { inWorkspace, operation } from "#lib/kit/operation.ts";

export const costRanges = ["7d", "30d", "90d"] as const;
export type CostRange = (typeof costRanges)[number];

export const usedSchema = z.object({
  seconds: z.number().describe("Alive"),
  cpuSeconds: z.number(),
  gbSeconds: z.number().describe("Memory held × time; 1 GB is 1,024 MB"),
  deviceSeconds: z.number().describe("Holding a graphics card"),
});
export type Used = z.output<typeof usedSchema>;

const named = usedSchema.extend({ id: z.string(), name: z.string(), sessions: z.number().int() });
export type NamedUse = z.output<typeof named>;

export const usageSchema = z.object({
  total: usedSchema,
  days: z.array(usedSchema.extend({ day: z.string() })).describe("Every UTC day of the range, oldest first"),
  people: z.array(named).describe("Most processor time first"),
  notebooks: z.array(named),
  sessions: z
    .array(named.extend({ startedDay: z.string(), notebookId: z.string().describe("Empty for kernels of stock clients") }))
    .describe("The 50 that used most"),
});
export type Usage = z.output<typeof usageSchema>;

export const readUsage = operation({
  id: "costs.usage",
  method: "GET",
  path: "/workspaces/{workspace}/costs",
  grant: "read",
  summary: "Reads what sessions used, in total and by day, person, notebook and session.",
  input: z.object({ ...inWorkspace, range: z.enum(costRanges).default("30d") }),
  output: usageSchema,
});
