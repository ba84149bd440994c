// Checking a gradient against central differences: a random direction d, and (L(x + h·d) − L(x − h·d)) / 2h beside ⟨dL/dx, d⟩, for each input.
// The loss weighs the outputs with random numbers, so that no error cancels. One graph with the loss and all gradients, run three times an input.
import { gradients } from "#lib/learn/graph/gradient.ts";
import { constant, type Device, type Graph, input, isFloat, openGraph, type Tensor } from "#lib/learn/graph/graph.ts";
import { mul } from "#lib/learn/graph/operators/elementwise.ts";
import { sum } from "#lib/learn/graph/operators/shaping.ts";
import { compile } from "#lib/learn/graph/program.ts";
import { sizeOf } from "#lib/learn/graph/shape.ts";
import { mulberry32 } from "#lib/learn/random.ts";

export type Case = {
  /** Shapes of the float inputs. */
  shapes: readonly (readonly number[])[];
  write: (inputs: Tensor[], graph: Graph) => Tensor;
  /** From a uniform number in [0, 1) to a value of the input: keeps away from kinks and poles. */
  value?: ((uniform: number, index: number) => number) | undefined;
  /** Half the distance of the central difference. */
  h?: number;
};

/** Weighted by fixed random numbers and summed: a loss in which nothing cancels. */
const weighed = (y: Tensor, random: () => number): Tensor =>
  sum(
    mul(
      y,
      constant(
        y.graph,
        Float32Array.from({ length: sizeOf(y.shape) }, () => random() * 2 - 1),
        y.shape,
      ),
    ),
  );

/** The worst disagreement of any input's gradient with central differences, relative to the gradient's size. */
export const gradientError = async (one: Case, seed: number, device: Device = "cpu"): Promise<number> => {
  const random = mulberry32(seed);
  const graph = openGraph();
  const inputs = one.shapes.map((shape, i) => input(graph, `x${i}`, { dtype: "float32", shape }));
  const y = one.write(inputs, graph);
  const loss = isFloat(y) ? weighed(y, random) : y;
  const outputs: Record<string, Tensor> = { loss };
  for (const [i, gradient] of gradients(loss, inputs).entries()) outputs[`d${i}`] = gradient;
  const program = await compile(graph, outputs, { device });
  let worst = 0;
  try {
    const value = one.value ?? ((u: number) => u * 2 - 1);
    const x = one.shapes.map((shape) => Float32Array.from({ length: sizeOf(shape) }, (_, i) => value(random(), i)));
    const feeds = (i: number, moved: Float32Array) => Object.fromEntries(x.map((given, j) => [`x${j}`, i === j ? moved : given]));
    const at = async (i: number, moved: Float32Array) => (await program.run(feeds(i, moved))) as Record<string, Float32Array>;
    for (const [i, given] of x.entries()) {
      const d = given.map(() => random() * 2 - 1);
      const h = one.h ?? 5e-3;
      const up = given.map((value, j) => value + h * d[j]!);
      const down = given.map((value, j) => value - h * d[j]!);
      const numeric = ((await at(i, up)).loss![0]! - (await at(i, down)).loss![0]!) / (2 * h);
      const gradient = (await at(i, given))[`d${i}`]!;
      if (gradient.length !== given.length) return Number.POSITIVE_INFINITY;
      const exact = gradient.reduce((sum, g, j) => sum + g * d[j]!, 0);
      const scale = Math.max(1, Math.abs(exact), Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0)));
      worst = Math.max(worst, Math.abs(exact - numeric) / scale);
    }
    return Number.isNaN(worst) ? Number.POSITIVE_INFINITY : worst;
  } finally {
    await program.release();
  }
};
