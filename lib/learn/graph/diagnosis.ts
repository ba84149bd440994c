// When a loss or a gradient is not a number any more: which operation made it so. The same step is written once more with a flag for every
// value, run on the CPU from the weights before the step, and the first flagged value whose inputs were all finite is the culprit.
import { emit, type Graph, isFloat, type Node, type Numbers, type Operator, showPlace, type Tensor } from "#lib/learn/graph/graph.ts";
import { needed } from "#lib/learn/graph/model.ts";
import { or } from "#lib/learn/graph/operators/elementwise.ts";
import { max } from "#lib/learn/graph/operators/reductions.ts";
import { cast, concat, reshape } from "#lib/learn/graph/operators/shaping.ts";
import { evaluate, type Feed } from "#lib/learn/graph/program.ts";
import type { Step } from "#lib/learn/graph/step.ts";

/** Training met NaN or infinity and stopped; weights are as they were before the step. */
export class NotFiniteError extends Error {
  override name = "NotFiniteError";
  readonly step: number;
  /** The input, weight or operation where it began. */
  readonly tensor: string;
  readonly layer: string;
  constructor(step: number, tensor: string, layer: string, message: string) {
    super(message);
    this.step = step;
    this.tensor = tensor;
    this.layer = layer;
  }
}

const flagOf = (name: string): Operator => ({ name, infer: ([x]) => ({ dtype: "bool", shape: x!.shape }), rule: "none" });
const isNaNOperator = flagOf("IsNaN");
const isInfOperator = flagOf("IsInf");
const flagged = (x: Tensor): Tensor => {
  const value = cast(x, "float32");
  return reshape(max(cast(or(emit(isNaNOperator, [value]), emit(isInfOperator, [value])), "float32")), [1]);
};

const badPosition = (data: Numbers): number =>
  data instanceof Float32Array || data instanceof Float64Array ? data.findIndex((one) => !Number.isFinite(one)) : -1;

/** The first input or weight that is not finite, with the row it is in. */
const badFeed = (feeds: Readonly<Record<string, Numbers>>, graph: Graph): { name: string; sentence: string } | null => {
  for (const [name, data] of Object.entries(feeds)) {
    const position = badPosition(data);
    if (position < 0) continue;
    const tensor = graph.inputs.get(name);
    const perRow = data.length / (tensor?.shape[0] ?? 1);
    const where = tensor ? `row ${Math.floor(position / perRow)}, position ${Math.floor(position % perRow)}` : `position ${position}`;
    const kind = tensor ? "Input" : "Weight";
    return {
      name,
      sentence: `${kind} ${name} holds ${data[position]} at ${where}. Clean the data, or fill what is missing, before training.`,
    };
  }
  return null;
};

/** The operation that first made something that is not finite; null when the CPU makes only finite numbers. */
const badNode = async (step: Step, feeds: Readonly<Record<string, Feed>>): Promise<Node | null> => {
  const { nodes } = needed(step.graph, Object.values(step.outputs));
  const watched = nodes.filter((node) => isFloat(node.outputs[0]!));
  const { flags } = await evaluate({ flags: concat(watched.map((node) => flagged(node.outputs[0]!))) }, feeds);
  return watched[flags!.findIndex((one: number | bigint) => Number(one) > 0)] ?? null;
};

/** Finds out why a step was not finite; answers the error to throw. */
export const diagnose = async (
  step: Step,
  feeds: Readonly<Record<string, Numbers>>,
  number: number,
  loss: number,
): Promise<NotFiniteError> => {
  const head = `Step ${number}: the ${Number.isFinite(loss) ? "gradient is not finite" : `loss is ${loss}`}.`;
  const kept = "The weights before this step are kept.";
  const bad = badFeed(feeds, step.graph);
  if (bad) return new NotFiniteError(number, bad.name, "", `${head} ${bad.sentence} ${kept}`);
  const node = await badNode(step, feeds);
  if (!node)
    return new NotFiniteError(number, "loss", "", `${head} The CPU computes it finite: the device's precision is too small. ${kept}`);
  const where = showPlace(node);
  const name = node.outputs[0]!.name;
  return new NotFiniteError(
    number,
    name,
    node.layer,
    `${head} It began at ${node.operator.name} (${name}${where ? `, ${where}` : ""}). Lower the rate, clip the gradient, or guard the operation. ${kept}`,
  );
};
