// A REST promise, declared once in a domain's contract. From it come the Fastify route, the typed client, the OpenAPI document and the
// tests of refusals. Safe in any bundle: it holds schemas and words, never code that runs on the server.
import { z } from "zod";

/** What an operation asks of its caller inside the workspace; `self` is any signed-in person, `open` is anybody. */
export type Grant = "open" | "self" | "read" | "mint" | "write" | "run" | "operate" | "own";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Bytes in or out instead of JSON: uploads and downloads are streamed, never held in memory. */
export type Body = "json" | "bytes";

export type Operation<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> = {
  id: string;
  method: Method;
  path: string;
  summary: string;
  grant: Grant;
  input: Input;
  output: Output;
  accepts: Body;
  answers: Body;
  status: 200 | 201 | 202 | 204;
};

export type InputOf<O> = O extends Operation<infer I, z.ZodType> ? z.output<I> : never;
export type CallInputOf<O> = O extends Operation<infer I, z.ZodType> ? z.input<I> : never;
export type OutputOf<O> = O extends Operation<z.ZodType, infer R> ? z.output<R> : never;

type Declaration<I extends z.ZodType, R extends z.ZodType> = {
  id: string;
  method: Method;
  path: string;
  summary: string;
  grant: Grant;
  input: I;
  output: R;
  accepts?: Body;
  answers?: Body;
  status?: 200 | 201 | 202 | 204;
};

/** Declares an operation. `path` is under /api/v1 with `{name}` parameters, all of which must be keys of `input`. */
export const operation = <I extends z.ZodType, R extends z.ZodType>(declared: Declaration<I, R>): Operation<I, R> => ({
  accepts: "json",
  answers: "json",
  status: declared.method === "POST" ? 201 : 200,
  ...declared,
});

/** Names in braces in a path, in order. */
export const pathParameters = (path: string): string[] => [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);

/** Input schema of every operation inside a workspace: its slug comes from the path. */
export const inWorkspace = { workspace: z.string().min(1).max(64).describe("Slug of the workspace") };

/** Paging by opaque cursor: `after` is the `next` of the page before. */
export const paged = {
  limit: z.coerce.number().int().min(1).max(500).default(100).describe("Rows at most"),
  after: z.string().max(200).optional().describe("Cursor from the page before"),
};

/** A page of nouns; `next` is absent on the last page. */
export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().optional() });

/** An answer without content worth reading. */
export const nothing = z.object({});
