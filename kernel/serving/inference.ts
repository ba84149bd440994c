// Open Inference V2 for one caller in one workspace: server, models, readiness, predictions. Knows no HTTP beyond status and body.
import type * as ort from "onnxruntime-node";
import type { Catalogue } from "#kernel/serving/catalogue.ts";
import { type Library, Unreachable } from "#kernel/serving/library.ts";
import type { Spool } from "#kernel/serving/spool.ts";
import { firstRows, readInputs, unfit, wantedOutputs, writeOutput } from "#kernel/serving/tensors.ts";
import { newId } from "#lib/kit/ids.ts";
import { isProblem, Problem } from "#lib/kit/problem.ts";
import type { InferRequest, InferResponse, ServedEndpoint, ServedRevision } from "#lib/serving/inference/contract.ts";

export type Asker = { workspaceId: string; caller: string };
export type Answer = { status: number; body: unknown };
type House = { catalogue: Catalogue; library: Library; spool: Spool };

const loggedRows = 256;
const loggedBytes = 64_000;

const unknown = (sentence: string): Problem => new Problem("missing", "serving.unknown", sentence);

const able = (endpoint: ServedEndpoint): ServedRevision[] => endpoint.revisions.filter((one) => !endpoint.loading.includes(one.id));

/** The endpoint and the revision a path names; without a version, the current one. Absent, foreign and stopped are the same 404. */
export const findServed = (
  catalogue: Catalogue,
  asker: Asker,
  name: string,
  version?: string,
): { endpoint: ServedEndpoint; revision: ServedRevision } => {
  const endpoint = catalogue.find(asker.workspaceId, name);
  if (!endpoint) throw unknown(`There is no model ${name} here. GET /v2/repository/index lists what is served.`);
  const candidates =
    version === undefined
      ? endpoint.revisions.filter((one) => one.id === endpoint.current)
      : able(endpoint).filter((one) => String(one.version) === version);
  const revision = candidates.find((one) => one.id === endpoint.current) ?? candidates.sort((a, b) => b.number - a.number)[0];
  if (!revision)
    throw unknown(
      version === undefined ? `Model ${name} has no revision that serves yet.` : `Model ${name} has served no version ${version}.`,
    );
  return { endpoint, revision };
};

export const describeServer = () => ({ name: "atelier", version: "0.1.0", extensions: ["model_repository"] });

/** Metadata of a model, or of one of its versions. */
export const describeModel = ({ endpoint, revision }: { endpoint: ServedEndpoint; revision: ServedRevision }) => ({
  name: endpoint.name,
  versions: [...new Set(able(endpoint).map((one) => one.version))].sort((a, b) => a - b).map(String),
  platform: "onnx_onnxv1",
  inputs: revision.signature.inputs,
  outputs: revision.signature.outputs,
});

/** What the repository index lists: every version that may be asked for, and those that load. */
export const repositoryIndex = (catalogue: Catalogue, asker: Asker, isReadyOnly: boolean) =>
  catalogue.list(asker.workspaceId).flatMap((endpoint) => {
    const ready = new Set(able(endpoint).map((one) => one.version));
    const loading = endpoint.revisions.filter((one) => endpoint.loading.includes(one.id) && !ready.has(one.version));
    return [
      ...[...ready].sort((a, b) => a - b).map((version) => ({ name: endpoint.name, version: String(version), state: "READY", reason: "" })),
      ...(isReadyOnly ? [] : loading.map((one) => ({ name: endpoint.name, version: String(one.version), state: "LOADING", reason: "" }))),
    ];
  });

type Ran = { outputs: InferResponse["outputs"]; rows: number; inputs: Map<string, readonly unknown[]> };

const runModel = async (session: ort.InferenceSession, revision: ServedRevision, request: InferRequest): Promise<Ran> => {
  const { feeds, values, rows } = readInputs(revision.signature, request.inputs);
  const wanted = wantedOutputs(revision.signature, request.outputs);
  let fetched: ort.InferenceSession.OnnxValueMapType;
  try {
    fetched = await session.run(feeds, wanted);
  } catch (cause) {
    throw unfit(`The model refused these inputs: ${(cause as Error).message.slice(0, 300)}`);
  }
  return { outputs: wanted.map((name) => writeOutput(name, fetched[name] as ort.Tensor)), rows, inputs: values };
};

/** What onnxruntime said of a file, without the place where this machine keeps it. */
const reasonOf = (error: unknown): string =>
  (error as Error).message
    .replace(/^Load model from \S+ failed:\s*/, "")
    .replace(/\/\S*\//g, "")
    .slice(0, 300);

/** Proves a revision before it takes traffic: the file opens, has the names of the signature, and answers the sample. */
export const prove = async (library: Library, revision: ServedRevision): Promise<void> => {
  const session = await library.open(revision.digest).catch((error: unknown) => {
    throw error instanceof Unreachable ? error : new Error(`The version cannot be opened: ${reasonOf(error)}`);
  });
  const { inputs, outputs } = revision.signature;
  const input =
    session.inputNames.find((name) => !inputs.some((one) => one.name === name)) ??
    inputs.find((one) => !session.inputNames.includes(one.name))?.name;
  if (input) throw new Error(`The signature and the ONNX file differ at input ${input}. Register the version with its right signature.`);
  const output = outputs.find((one) => !session.outputNames.includes(one.name))?.name;
  if (output) throw new Error(`The ONNX file has no output ${output}. Register the version with its right signature.`);
  if (!revision.sample) return;
  await runModel(session, revision, revision.sample).catch((error: unknown) => {
    throw new Error(`The version does not answer its own sample. ${(error as Error).message}`);
  });
};

const readRequest = (body: Buffer): InferRequest => {
  try {
    const request = JSON.parse(body.toString("utf8")) as InferRequest;
    if (request && typeof request === "object" && !Array.isArray(request)) return request;
  } catch {}
  throw unfit("The body is not a JSON object with a list of inputs.");
};

const failureOf = (error: unknown): Problem =>
  isProblem(error)
    ? error
    : error instanceof Unreachable
      ? new Problem("unavailable", "serving.bytes", "The model's bytes cannot be fetched now. Try again in a moment.")
      : new Problem("unavailable", "serving.model", `The model cannot be run: ${(error as Error).message.slice(0, 300)}`);

/** One prediction from bytes to answer, logged before it is answered whatever its outcome. `startedAt` is performance.now() when its bytes were here. */
export const infer = async (
  house: House,
  asker: Asker,
  path: { name: string; version?: string },
  body: Buffer,
  startedAt: number,
): Promise<Answer> => {
  const { catalogue, library, spool } = house;
  const { endpoint, revision } = findServed(catalogue, asker, path.name, path.version);
  if (spool.isFull())
    throw new Problem(
      "unavailable",
      "serving.full",
      "The prediction log is full and cannot be shipped. Look at the web process; predictions go on when it answers.",
    );
  const at = new Date().toISOString();
  let ran: Ran | null = null;
  let failure: Problem | null = null;
  let id: string | undefined;
  try {
    const request = readRequest(body);
    id = request.id;
    ran = await runModel(await library.open(revision.digest), revision, request);
  } catch (error) {
    failure = failureOf(error);
  }
  const answer: Answer = ran
    ? {
        status: 200,
        body: {
          model_name: endpoint.name,
          model_version: String(revision.version),
          ...(id === undefined ? {} : { id }),
          outputs: ran.outputs,
        },
      }
    : { status: failure!.status, body: { error: failure!.message } };
  const latencyUs = Math.max(1, Math.round((performance.now() - startedAt) * 1000));
  await spool.write({
    id: newId("prediction"),
    workspace_id: asker.workspaceId,
    endpoint_id: endpoint.id,
    revision_id: revision.id,
    version: revision.version,
    at,
    latency_us: latencyUs,
    status: answer.status,
    rows: ran?.rows ?? 0,
    inputs: ran && firstRows([...ran.inputs], ran.rows, loggedRows, loggedBytes),
    outputs:
      ran &&
      firstRows(
        ran.outputs.map((one) => [one.name, one.data]),
        ran.rows,
        loggedRows,
        loggedBytes,
      ),
    error: failure?.message.slice(0, 500).toWellFormed() ?? null,
    caller: asker.caller,
  });
  return answer;
};
