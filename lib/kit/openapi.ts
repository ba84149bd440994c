// The OpenAPI 3.1 document, made from the contracts that the routes are made from, so that it cannot be out of date.
import { z } from "zod";
import { type Operation, pathParameters } from "#lib/kit/operation.ts";
import { statusOf } from "#lib/kit/problem.ts";

type Json = Record<string, unknown>;

const schemaOf = (schema: z.ZodType, io: "input" | "output"): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any", target: "draft-2020-12" }) as Json;
  return rest;
};

const problemBody = {
  description: "A refusal: `code` is stable, `message` says the next step.",
  content: {
    "application/json": {
      schema: {
        type: "object",
        required: ["error"],
        properties: {
          error: {
            type: "object",
            required: ["kind", "code", "message"],
            properties: { kind: { enum: Object.keys(statusOf) }, code: { type: "string" }, message: { type: "string" }, detail: {} },
          },
        },
      },
    },
  },
};

const refusals = (operation: Operation): Json => {
  const open = operation.grant === "open";
  const statuses = [
    "400",
    ...(open ? [] : ["401"]),
    ...(open || operation.grant === "self" ? [] : ["403", "404"]),
    ...(operation.method === "GET" ? [] : ["409", "413"]),
  ];
  return Object.fromEntries(statuses.map((status) => [status, { $ref: "#/components/responses/Problem" }]));
};

const describe = (operation: Operation): Json => {
  const input = schemaOf(operation.input, "input") as { properties?: Record<string, Json>; required?: string[] };
  const inPath = pathParameters(operation.path);
  const isQuery = operation.method === "GET" || operation.method === "DELETE" || operation.accepts === "bytes";
  const parameter = (name: string) => ({
    name,
    in: inPath.includes(name) ? "path" : "query",
    required: inPath.includes(name) || (input.required ?? []).includes(name),
    schema: input.properties?.[name] ?? {},
  });
  const names = Object.keys(input.properties ?? {});
  const bodyNames = isQuery ? [] : names.filter((name) => !inPath.includes(name));
  const body =
    operation.accepts === "bytes"
      ? { requestBody: { required: true, content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } } } }
      : bodyNames.length > 0
        ? {
            requestBody: {
              content: {
                "application/json": {
                  schema: {
                    type: "object",
                    properties: Object.fromEntries(bodyNames.map((name) => [name, input.properties![name]])),
                    required: bodyNames.filter((name) => (input.required ?? []).includes(name)),
                  },
                },
              },
            },
          }
        : {};
  const answer =
    operation.answers === "bytes"
      ? { "application/octet-stream": { schema: { type: "string", format: "binary" } } }
      : { "application/json": { schema: schemaOf(operation.output, "output") } };
  return {
    operationId: operation.id,
    summary: operation.summary,
    tags: [operation.id.split(".")[0]],
    ...(operation.grant === "open" ? { security: [] } : {}),
    parameters: names.filter((name) => isQuery || inPath.includes(name)).map(parameter),
    ...body,
    responses: { [String(operation.status)]: { description: "Done.", content: answer }, ...refusals(operation) },
    "x-atelier-grant": operation.grant,
  };
};

/** The whole document; pure, so it is made once at boot. */
export const openApiOf = (operations: Operation[], version: string): Json => {
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const path = `/api/v1${operation.path}`;
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(operation) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Atelier",
      version,
      description: "Notebooks whose cells become stages, runs, versions and watched endpoints.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }],
    paths,
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } }, responses: { Problem: problemBody } },
  };
};
