// `models` in a cell: register what was fitted, move aliases, and load a version to predict with it here.
import type { Fitted } from "#lib/learn/estimators/estimator.ts";
import { type Profile, profileTable } from "#lib/learn/stats/profile.ts";
import { type Columns, dropColumns, rowCount } from "#lib/learn/tables/table.ts";
import * as contract from "#lib/models/contract.ts";
import { callFromCell, sendFromCell, workspaceSlug } from "#lib/sdk/door.ts";

export type Row = Record<string, unknown>;

type Registration = {
  /** A fitted estimator (a recommender, rules, a forecast, a network of a table, a GPT too), or an ONNX file with its signature. */
  model:
    | (Pick<Fitted, "kind" | "toOnnx"> & { signature: contract.Signature })
    | { onnx: Uint8Array; signature: contract.Signature; kind?: string };
  /** Training rows: their profile is what live data is compared with, and the first five become the sample. */
  trainedOn?: Columns;
  profile?: Profile;
  run?: { id: string } | string | number;
  metrics?: Record<string, number>;
  description?: string;
};

const rowsOf = (table: Columns, count: number): Row[] =>
  Array.from({ length: Math.min(count, rowCount(table)) }, (_, i) =>
    Object.fromEntries(
      Object.entries(table).map(([name, column]) => [name, typeof column[i] === "number" && Number.isNaN(column[i]) ? null : column[i]]),
    ),
  );

const runKey = (run: Registration["run"]): string | null => (run === undefined ? null : typeof run === "object" ? run.id : String(run));

/** The bytes of a model with what registering needs to know of it. */
const factsOf = ({ model, trainedOn, profile }: Pick<Registration, "model" | "trainedOn" | "profile">) => {
  const onnx = "onnx" in model ? model.onnx : model.toOnnx();
  const signature = model.signature as contract.Signature;
  const inputs = new Set(signature.inputs.map((one) => one.name));
  const trained = trainedOn
    ? dropColumns(
        trainedOn,
        Object.keys(trainedOn).filter((column) => !inputs.has(column)),
      )
    : null;
  return {
    onnx,
    facts: {
      kind: model.kind ?? "onnx",
      signature,
      sample: trained ? rowsOf(trained, 5) : [],
      profile: profile ?? (trained ? profileTable(trained) : null),
    },
  };
};

/**
 * Keeps a model with its run, so that it can be registered later without fitting it again: the best trial of a study, for one.
 * @example
 * await models.keep(run, { model: fitted, trainedOn: train });
 */
export const keep = async (
  run: { artefact: (name: string, bytes: Uint8Array | string) => Promise<void> },
  input: Pick<Registration, "model" | "trainedOn" | "profile">,
): Promise<void> => {
  const { onnx, facts } = factsOf(input);
  await run.artefact(contract.keptFile, onnx);
  await run.artefact(contract.keptFacts, JSON.stringify(facts));
};

/**
 * Registers the next version of a model.
 * @example
 * const version = await models.register("credit-default", { model: fitted, trainedOn: train, run });
 */
export const register = async (name: string, input: Registration): Promise<contract.Version & { [display: symbol]: unknown }> => {
  const { onnx, facts } = factsOf(input);
  const { digest } = await callFromCell(contract.uploadFile, {}, { body: onnx as BodyInit });
  const made = await callFromCell(contract.registerVersion, {
    model: name,
    digest,
    ...facts,
    metrics: input.metrics ?? {},
    run: runKey(input.run),
    description: input.description ?? "",
  });
  const slug = await workspaceSlug();
  const text = `${name} version ${made.number}, ${Math.round(made.size / 1024)} kB`;
  return Object.assign(made, {
    [Symbol.for("Jupyter.display")]: () => ({
      "text/markdown": `Model [${name} version ${made.number}](/${slug}/models/${name}/versions/${made.number}) · ${made.kind} · ${Math.round(made.size / 1024)} kB`,
      "text/plain": text,
    }),
  });
};

/**
 * Points an alias at a version; an alias that is there already moves.
 *
 * @example
 * await models.setAlias("credit-default", "champion", 3);
 */
export const setAlias = (name: string, alias: string, version: number): Promise<contract.Model> =>
  callFromCell(contract.setAlias, { model: name, alias, version });

/**
 * The workspace's models.
 *
 * @example
 * for (const one of await models.list()) console.log(one.name, one.latest);
 */
export const list = async (): Promise<contract.Model[]> => (await callFromCell(contract.listModels, {})).items;

const tensorOf = (ort: typeof import("onnxruntime-node"), tensor: contract.Tensor, rows: readonly Row[]) => {
  const values = rows.map((row) => row[tensor.name]);
  if (tensor.datatype === "BYTES")
    return new ort.Tensor(
      "string",
      values.map((value) => String(value ?? "")),
      [rows.length, 1],
    );
  if (tensor.datatype === "FP32")
    return new ort.Tensor(
      "float32",
      Float32Array.from(values, (value) => (value === null || value === undefined ? Number.NaN : Number(value))),
      [rows.length, 1],
    );
  throw new Error(`Input ${tensor.name} is ${tensor.datatype}; run this model through onnxruntime-node yourself.`);
};

/**
 * Loads a version into this session; `predict` takes rows and answers the first output, one number a row.
 * @example
 * const champion = await models.load("credit-default", "champion");
 * const [p] = await champion.predict([row]);
 */
export const load = async (
  name: string,
  version: string | number = "latest",
): Promise<{ version: contract.Version; predict: (rows: readonly Row[]) => Promise<Float32Array> }> => {
  const found = await callFromCell(contract.readVersion, { model: name, version: String(version) });
  const file = await sendFromCell(contract.downloadVersion, { model: name, version: String(found.number) });
  const ort = (await import("onnxruntime-node")).default as typeof import("onnxruntime-node");
  const session = await ort.InferenceSession.create(new Uint8Array(await file.arrayBuffer()), { intraOpNumThreads: 1 });
  const output = found.signature.outputs[0]!.name;
  return {
    version: found,
    predict: async (rows) =>
      (await session.run(Object.fromEntries(found.signature.inputs.map((tensor) => [tensor.name, tensorOf(ort, tensor, rows)]))))[output]!
        .data as Float32Array,
  };
};
