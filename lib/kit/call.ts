// The typed client of every operation: screens, the SDK inside cells, the CLI and tests all call through here. In a browser it uses the
// sign-in cookie; elsewhere it takes a base URL and a token, or a fetch of its own (a cell's goes through the session's door).
import { type CallInputOf, type Operation, type OutputOf, pathParameters } from "#lib/kit/operation.ts";
import { Problem, type ProblemBody, type ProblemKind, statusOf } from "#lib/kit/problem.ts";

export type CallOptions = {
  baseUrl?: string;
  token?: string;
  fetch?: typeof fetch;
  signal?: AbortSignal;
  headers?: Record<string, string>;
  /** Bytes to send, for operations that accept bytes. */
  body?: BodyInit;
};

const kindOfStatus = (status: number): ProblemKind =>
  (Object.entries(statusOf).find(([, value]) => value === status)?.[0] as ProblemKind | undefined) ??
  (status >= 500 ? "unavailable" : "invalid");

const toProblem = async (response: Response): Promise<Problem> => {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text) as ProblemBody;
    return new Problem(error.kind, error.code, error.message, { detail: error.detail });
  } catch {
    return new Problem(kindOfStatus(response.status), "house.status", `The server answered ${response.status}. Try again in a moment.`, {
      cause: text,
    });
  }
};

const requestOf = (operation: Operation, input: Record<string, unknown>, options: CallOptions): { url: string; init: RequestInit } => {
  const inPath = pathParameters(operation.path);
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(input[name])));
  const rest = Object.entries(input).filter(([name, value]) => !inPath.includes(name) && value !== undefined);
  const headers: Record<string, string> = { accept: "application/json", ...options.headers };
  if (options.token) headers.authorization = `Bearer ${options.token}`;
  const url = new URL(`/api/v1${path}`, options.baseUrl ?? "http://relative.invalid");
  const init: RequestInit = { method: operation.method, headers, signal: options.signal ?? null };
  if (operation.method === "GET" || operation.method === "DELETE" || operation.accepts === "bytes") {
    for (const [name, value] of rest) url.searchParams.set(name, String(value));
  } else {
    headers["content-type"] = "application/json";
    init.body = JSON.stringify(Object.fromEntries(rest));
  }
  if (operation.accepts === "bytes") {
    headers["content-type"] ??= "application/octet-stream";
    init.body = options.body ?? null;
    (init as { duplex?: string }).duplex = "half";
  }
  return { url: options.baseUrl ? url.href : url.pathname + url.search, init };
};

/** Sends an operation and answers its output; throws the server's Problem, or `house.unreachable` when nobody answers. */
export const call = async <O extends Operation>(operation: O, input: CallInputOf<O>, options: CallOptions = {}): Promise<OutputOf<O>> => {
  const response = await send(operation, input, options);
  if (response.status === 204) return {} as OutputOf<O>;
  return (await response.json()) as OutputOf<O>;
};

/** Like `call` for operations that answer bytes: the open response, whose body the caller reads. */
export const send = async <O extends Operation>(operation: O, input: CallInputOf<O>, options: CallOptions = {}): Promise<Response> => {
  const { url, init } = requestOf(operation, input as Record<string, unknown>, options);
  let response: Response;
  try {
    response = await (options.fetch ?? fetch)(url, init);
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new Problem("unavailable", "house.unreachable", "The server does not answer. Check that Atelier runs, then try again.", {
      cause,
    });
  }
  if (!response.ok) throw await toProblem(response);
  return response;
};
