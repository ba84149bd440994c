// How the SDK inside a cell reaches the product: through the session's door, a unix socket that adds the session's own token outside
// the sandbox. The cell never sees a token, a port or a network.
import { Agent, request } from "node:http";
import { Readable } from "node:stream";
import { call, send } from "#lib/kit/call.ts";
import type { CallInputOf, Operation, OutputOf } from "#lib/kit/operation.ts";
import { isProblem, Problem } from "#lib/kit/problem.ts";

/** `pipelineRunId` is there only inside a pipeline run. */
export type CellSource = { cellId: string; cellHash: string; notebookId: string; revision: number; pipelineRunId?: string };

/** What the kernel offers to the SDK; frozen, the same object for the life of a session. */
export type SessionPort = {
  display: (bundle: Record<string, unknown>, more?: { displayId?: string; update?: boolean; metadata?: Record<string, unknown> }) => void;
  doorPath: string;
  workDir: string;
  /** The graphics card this session holds. */
  card: { id: string; name: string; providers: ("cpu" | "webgpu" | "cuda")[] } | null;
  /** Versions of the notebook's own npm packages by name, as imports find them now. */
  installed: () => Record<string, string>;
  cell: () => CellSource | null;
  signal: () => AbortSignal;
  /** Absent where no front end can listen. */
  comms?: {
    register: (target: string, handler: (comm: never, opened: never) => unknown) => void;
    open: (target: string, data: unknown, more: object) => never;
  };
};

/** The session this code runs in, or null outside a cell (a script, a test). */
export const session = (): SessionPort | null =>
  ((globalThis as Record<symbol, unknown>)[Symbol.for("atelier.session")] as SessionPort | undefined) ?? null;

const agent = new Agent({ keepAlive: true, maxSockets: 16 });

const toBody = (body: BodyInit | null | undefined): Readable | null => {
  if (body === null || body === undefined) return null;
  if (typeof body === "string" || body instanceof Uint8Array) return Readable.from([body]);
  if (body instanceof ReadableStream) return Readable.fromWeb(body as never);
  if (body instanceof ArrayBuffer) return Readable.from([new Uint8Array(body)]);
  return body as unknown as Readable;
};

/** A fetch that knows only the door; absolute URLs are refused by having no host. */
export const doorFetch: typeof fetch = (input, init = {}) => {
  const port = session();
  if (!port?.doorPath)
    throw new Problem("unavailable", "sdk.outside", "This needs a session of Atelier. Run it in a notebook cell or a pipeline stage.");
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        socketPath: port.doorPath,
        agent,
        path: String(input),
        method: init.method ?? "GET",
        headers: { ...(init.headers as Record<string, string>), "x-atelier-cell": JSON.stringify(port.cell()) },
        signal: init.signal ?? undefined,
      },
      (reply) => {
        const headers = new Headers();
        for (const [name, value] of Object.entries(reply.headers)) if (value !== undefined) headers.set(name, String(value));
        const status = reply.statusCode ?? 502;
        resolve(new Response(status === 204 || status === 304 ? null : (Readable.toWeb(reply) as ReadableStream), { status, headers }));
      },
    );
    outgoing.once("error", reject);
    const body = toBody(init.body);
    if (body) body.pipe(outgoing);
    else outgoing.end();
  });
};

let slug: Promise<string> | null = null;

/** Slug of the workspace this session belongs to; a session's token opens exactly one. */
export const workspaceSlug = (): Promise<string> => {
  slug ??= doorFetch("/api/v1/workspaces").then(
    async (answer) => ((await answer.json()) as { items: { slug: string }[] }).items[0]?.slug ?? "",
  );
  slug.catch(() => (slug = null));
  return slug;
};

export type CellInput<O> = Omit<CallInputOf<O>, "workspace">;

/** Sends an operation from a cell; the workspace is filled in. Throws the server's Problem, whose message says the next step. */
export const callFromCell = async <O extends Operation>(
  operation: O,
  input: CellInput<O>,
  more: { body?: BodyInit; signal?: AbortSignal } = {},
): Promise<OutputOf<O>> => call(operation, { workspace: await workspaceSlug(), ...input } as CallInputOf<O>, { fetch: doorFetch, ...more });

const patienceMs = 60_000;
const againMs = 500;

/** Like `callFromCell`, sent again for a minute while nobody answers: only for operations that may be told twice. */
export const callPatiently = async <O extends Operation>(operation: O, input: CellInput<O>): Promise<OutputOf<O>> => {
  const until = Date.now() + patienceMs;
  for (;;) {
    try {
      return await callFromCell(operation, input);
    } catch (error) {
      const isAway = isProblem(error) && error.kind === "unavailable" && session()?.doorPath;
      if (!isAway || session()?.signal().aborted || Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  }
};

/** Like `callFromCell` for operations that answer bytes. */
export const sendFromCell = async <O extends Operation>(
  operation: O,
  input: CellInput<O>,
  more: { signal?: AbortSignal } = {},
): Promise<Response> => send(operation, { workspace: await workspaceSlug(), ...input } as CallInputOf<O>, { fetch: doorFetch, ...more });
