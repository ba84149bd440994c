// A model's answers to a table, batch by batch: rows become the request that `/v2` takes and go through the code that serves (EV3), so a
// judgement and an endpoint cannot differ.
import * as ort from "onnxruntime-node";
import { readInputs } from "#kernel/serving/tensors.ts";
import type { Kind } from "#lib/evaluation/contract.ts";
import type { Signature } from "#lib/models/contract.ts";
import { type InputColumns, requestOfColumns } from "#lib/serving/inference/contract.ts";

export type Answerer = { inputs: Signature["inputs"]; answer: (columns: InputColumns) => Promise<(number | string)[]> };

const isText = (datatype: string): boolean => datatype === "BYTES" || /^U?INT/.test(datatype) || datatype === "BOOL";

/** The output a kind is judged by: labels for classes, else the first of numbers; of two columns of probability the second. */
const outputFor = (signature: Signature, kind: Kind): Signature["outputs"][number] => {
  const found = signature.outputs.find((one) => (kind === "classes" ? isText(one.datatype) : /^FP/.test(one.datatype)));
  if (found) return found;
  throw new Error(
    kind === "classes"
      ? "The model answers no label. Judge it as binary or number, or register it with a label output."
      : `The model answers no number (${signature.outputs.map((one) => `${one.name} ${one.datatype}`).join(", ")}).`,
  );
};

const oneARow = (data: ArrayLike<unknown>, rows: number, output: string, kind: Kind): (number | string)[] => {
  const width = data.length / rows;
  if (width !== 1 && !(width === 2 && kind === "binary"))
    throw new Error(`Output ${output} has ${width} values a row, and ${kind} is judged by one.`);
  return Array.from({ length: rows }, (_, i) => {
    const value = data[i * width + width - 1];
    return kind === "classes" ? String(value) : Number(value);
  });
};

/** Opens a model file for answering. */
export const openAnswerer = async (path: string, signature: Signature, kind: Kind): Promise<Answerer> => {
  const session = await ort.InferenceSession.create(path, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  const output = outputFor(signature, kind);
  return {
    inputs: signature.inputs,
    answer: async (columns) => {
      const { feeds, rows } = readInputs(signature, requestOfColumns(signature, columns).inputs);
      const fetched = await session.run(feeds, [output.name]);
      return oneARow((fetched[output.name] as ort.Tensor).data as ArrayLike<unknown>, rows, output.name, kind);
    },
  };
};
