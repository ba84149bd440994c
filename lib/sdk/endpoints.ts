// `endpoints` in a cell: deploy a model version, ask it for predictions as any other client would (Open Inference V2 through the door), and
// send it a table's rows as traffic.
import { Problem } from "#lib/kit/problem.ts";
import { callFromCell, doorFetch, session, workspaceSlug } from "#lib/sdk/door.ts";
import { progress } from "#lib/sdk/progress.ts";
import type { Table } from "#lib/sdk/table.ts";
import * as contract from "#lib/serving/contract.ts";
import { columnOfOutput, columnsOfRows, type InferResponse, type InputColumns, requestOfColumns } from "#lib/serving/inference/contract.ts";

export type Row = Record<string, unknown>;
/** Outputs by name, one value a row (several values a row are arrays). */
export type Predictions = Record<string, unknown[]>;

export type EndpointHandle = {
  readonly name: string;
  readonly revision: contract.Revision | null;
  /** Predictions for rows as objects, or for columns by name; at most some thousand rows at once. */
  predict: (rows: readonly Row[] | InputColumns) => Promise<Predictions>;
  /** Sends rows of a table as separate requests and answers how they went. */
  send: (table: Source, options?: SendOptions) => Promise<SendReport>;
  [display: symbol]: () => Record<string, unknown>;
};

export type SendOptions = {
  /** How many requests; the table's rows are used again from the start when they run out. */
  requests?: number;
  /** Rows in one request. */
  batch?: number;
  /** Requests under way at once. */
  connections?: number;
};
export type SendReport = { requests: number; rows: number; failed: number; seconds: number };

const infer = async (name: string, body: unknown): Promise<InferResponse> => {
  const answer = await doorFetch(`/v2/models/${encodeURIComponent(name)}/infer`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: session()?.signal() ?? null,
  });
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text) as InferResponse;
  let sentence = text;
  try {
    sentence = (JSON.parse(text) as { error?: string }).error ?? text;
  } catch {}
  throw new Problem(answer.status === 404 ? "missing" : answer.status < 500 ? "invalid" : "unavailable", "serving.refused", sentence);
};

const signatureOf = async (name: string) => {
  const { signature } = await callFromCell(contract.readEndpoint, { endpoint: name });
  if (!signature) throw new Problem("conflict", "serving.not_serving", `${name} serves nothing yet. Deploy a version first.`);
  return signature;
};

const columnsOf = (signature: Awaited<ReturnType<typeof signatureOf>>, rows: readonly Row[] | InputColumns): InputColumns =>
  Array.isArray(rows) ? columnsOfRows(signature, rows as Row[]) : (rows as InputColumns);

const predictAt = async (name: string, rows: readonly Row[] | InputColumns): Promise<Predictions> => {
  const signature = await signatureOf(name);
  const answer = await infer(name, requestOfColumns(signature, columnsOf(signature, rows)));
  return Object.fromEntries(answer.outputs.map((output) => [output.name, columnOfOutput(output)]));
};

/** What `send` takes: a table, rows as objects, or columns by name. */
export type Source = Table | readonly Row[] | InputColumns;
const isTable = (source: Source): source is Table => "toColumns" in source && typeof source.toColumns === "function";

const readSource = async (source: Source, names: string[]): Promise<{ columns: InputColumns; rowCount: number }> => {
  if (Array.isArray(source))
    return { columns: Object.fromEntries(names.map((name) => [name, source.map((row: Row) => row[name])])), rowCount: source.length };
  if (isTable(source)) return { columns: await source.toColumns(names), rowCount: source.rowCount };
  const columns = Object.fromEntries(
    names.flatMap((name) => ((source as InputColumns)[name] ? [[name, (source as InputColumns)[name]!]] : [])),
  );
  return { columns, rowCount: columns[names[0]!]?.length ?? 0 };
};

const takeRows = (columns: InputColumns, from: number, count: number, rowCount: number): InputColumns =>
  Object.fromEntries(
    Object.entries(columns).map(([name, values]) => [name, Array.from({ length: count }, (_, i) => values[(from + i) % rowCount])]),
  );

const sendTo = async (name: string, table: Source, options: SendOptions = {}): Promise<SendReport> => {
  const { batch = 1, connections = 4 } = options;
  const signature = await signatureOf(name);
  const { columns, rowCount } = await readSource(
    table,
    signature.inputs.map((one) => one.name),
  );
  if (rowCount === 0) throw new Problem("invalid", "serving.no_rows", "There are no rows to send, or not under the names the model takes.");
  const wanted = options.requests ?? Math.ceil(rowCount / batch);
  const startedAt = Date.now();
  const rule = progress(`Sending ${wanted} requests to ${name}`);
  let begun = 0;
  let done = 0;
  let failed = 0;
  const client = async (): Promise<void> => {
    for (let i = begun++; i < wanted; i = begun++) {
      session()?.signal().throwIfAborted();
      const body = requestOfColumns(signature, takeRows(columns, i * batch, batch, rowCount));
      await infer(name, body).catch((error: unknown) => {
        if (session()?.signal().aborted) throw error;
        failed += 1;
      });
      done += 1;
      rule.tell(done / wanted, `${done} of ${wanted} requests to ${name}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(connections, wanted) }, client));
  } catch (error) {
    rule.failed(`Stopped after ${done} of ${wanted} requests.`);
    throw error;
  }
  const seconds = (Date.now() - startedAt) / 1000;
  rule.done(
    `${wanted} requests of ${batch} ${batch === 1 ? "row" : "rows"} answered in ${seconds.toFixed(1)} s${failed > 0 ? `, ${failed} failed` : ""}.`,
  );
  return { requests: wanted, rows: wanted * batch, failed, seconds };
};

const handleOf = async (name: string, revision: contract.Revision | null): Promise<EndpointHandle> => {
  const slug = await workspaceSlug();
  const what = revision ? `revision ${revision.number}, ${revision.model} version ${revision.version}` : "no revision";
  return {
    name,
    revision,
    predict: (rows) => predictAt(name, rows),
    send: (table, options) => sendTo(name, table, options),
    [Symbol.for("Jupyter.display")]: () => ({
      "text/markdown": `Endpoint [${name}](/${slug}/serving/${name}) · ${what}`,
      "text/plain": `Endpoint ${name}, ${what}`,
    }),
  };
};

const waitMs = 1000;
const longestMs = 120_000;

/**
 * Serves a model version under an endpoint's name and waits until it answers. When the version cannot be loaded, this throws the reason
 * and what served before goes on.
 *
 * @example
 * const credit = await endpoints.deploy("credit-default", { model: "credit-default", version: 1 });
 * const { probability } = await credit.predict([{ annual_inc: 52000, grade: "B" }]);
 */
export const deploy = async (name: string, wanted: { model: string; version: number | string }): Promise<EndpointHandle> => {
  const rule = progress(`Deploying ${wanted.model} version ${wanted.version} to ${name}`);
  const startedAt = Date.now();
  try {
    let revision = await callFromCell(contract.deploy, { endpoint: name, ...wanted, waitMs });
    while (!contract.isSettled(revision.status)) {
      if (Date.now() - startedAt > longestMs)
        throw new Problem("unavailable", "serving.slow", `Revision ${revision.number} still loads. Look at the endpoint's page.`);
      rule.tell(0.5, `Revision ${revision.number} loads and answers its sample`);
      await new Promise((resolve) => setTimeout(resolve, 200));
      const page = await callFromCell(contract.readEndpoint, { endpoint: name });
      revision = page.revisions.find((one) => one.id === revision.id) ?? revision;
    }
    if (revision.status === "failed")
      throw new Problem("conflict", "serving.failed", revision.message ?? "The version could not be served.");
    rule.done(`${name} answers with version ${revision.version}, revision ${revision.number}.`);
    return await handleOf(name, revision);
  } catch (error) {
    rule.failed(error instanceof Error ? error.message : String(error));
    throw error;
  }
};

/**
 * An endpoint that is served already.
 * @example
 * const credit = await endpoints.open("credit-default");
 * await credit.send(loans, { requests: 500 });
 */
export const open = async (name: string): Promise<EndpointHandle> =>
  handleOf(name, (await callFromCell(contract.readEndpoint, { endpoint: name })).current);

/**
 * The workspace's endpoints.
 *
 * @example
 * for (const one of await endpoints.list()) console.log(one.name, one.current?.version);
 */
export const list = async (): Promise<contract.Endpoint[]> => (await callFromCell(contract.listEndpoints, {})).items;
