// One case or more for every operator that has a gradient; shapes come from a small source of dimensions, so that each run sees others.
import { constant, type Graph, type Tensor } from "#lib/learn/graph/graph.ts";
import * as c from "#lib/learn/graph/operators/convolution.ts";
import * as e from "#lib/learn/graph/operators/elementwise.ts";
import * as i from "#lib/learn/graph/operators/indexing.ts";
import * as n from "#lib/learn/graph/operators/normalisation.ts";
import * as p from "#lib/learn/graph/operators/products.ts";
import * as r from "#lib/learn/graph/operators/reductions.ts";
import * as s from "#lib/learn/graph/operators/shaping.ts";
import type { Case } from "#test/learn/graph/differences.ts";

/** Four dimensions drawn by the property test, 1 … 4. */
export type Draw = readonly [number, number, number, number];
type Make = (draw: Draw) => Case;

const away = (u: number): number => (u < 0.5 ? u * 2 - 1.2 : u * 2 - 0.8); // never within 0.2 of 0
const positive = (u: number): number => 0.4 + u;
const distinct = (u: number, index: number): number => ((index * 7) % 23) * 0.35 + u * 0.1; // neighbours differ by more than a step
const halves = (u: number): number => Math.floor(u * 5) / 2; // beside another one shifted by a quarter: never a tie

const unary =
  (write: (x: Tensor) => Tensor, value?: Case["value"]): Make =>
  ([a, b]) => ({ shapes: [[a, b]], write: ([x]) => write(x!), value });
const binary =
  (write: (a: Tensor, b: Tensor) => Tensor, value?: Case["value"]): Make =>
  ([a, b, d]) => ({
    shapes: [
      [a, 1, d],
      [b, d],
    ],
    write: ([x, y]) => write(x!, y!),
    value,
  });
const numbers = (graph: Graph, values: number[], shape: number[]): Tensor => constant(graph, values, shape, "int64");

export const cases: Record<string, Make> = {
  // elementwise
  Neg: unary(e.neg),
  Abs: unary(e.abs, away),
  Exp: unary(e.exp),
  Log: unary(e.log, positive),
  Sqrt: unary(e.sqrt, positive),
  Reciprocal: unary(e.reciprocal, positive),
  Sin: unary(e.sin),
  Cos: unary(e.cos),
  Tan: unary(e.tan, (u) => u - 0.5),
  Atan: unary(e.atan),
  Sinh: unary(e.sinh),
  Cosh: unary(e.cosh),
  Tanh: unary(e.tanh),
  Asinh: unary(e.asinh),
  Atanh: unary(e.atanh, (u) => u - 0.5),
  Erf: unary(e.erf),
  Relu: unary(e.relu, away),
  LeakyRelu: unary((x) => e.leakyRelu(x, 0.2), away),
  Elu: unary(e.elu, away),
  Sigmoid: unary(e.sigmoid),
  HardSigmoid: unary(e.hardSigmoid),
  HardSwish: unary(e.hardSwish),
  Softplus: unary(e.softplus),
  Softsign: unary(e.softsign, away),
  Silu: unary(e.silu),
  Gelu: unary(e.gelu),
  "Gelu by tanh": unary(e.geluTanh),
  Clip: unary(
    (x) => e.clip(x, -0.5, 0.5),
    (u) => (u < 0.5 ? u * 0.8 - 0.4 : u + 0.2),
  ),
  Identity: unary(s.identity),
  "Cast there and back": unary((x) => s.cast(s.cast(x, "float64"), "float32")),
  Add: binary(e.add),
  Sub: binary(e.sub),
  Mul: binary(e.mul),
  Div: binary(e.div, positive),
  Pow: binary(e.pow, positive),
  Max: binary((x, y) => e.maximum(x, e.add(y, 0.25)), halves),
  Min: binary((x, y) => e.minimum(x, e.add(y, 0.25)), halves),
  Where: ([a, b]) => ({ shapes: [[a, b], [b]], write: ([x, y]) => e.where(e.greater(x!, 0), e.square(x!), y!), value: away }),
  // reductions
  ReduceSum: ([a, b, d]) => ({ shapes: [[a, b, d]], write: ([x]) => s.sum(e.square(x!), [0, 2]) }),
  ReduceMean: ([a, b, d]) => ({ shapes: [[a, b, d]], write: ([x]) => r.mean(e.square(x!), [1], true) }),
  ReduceMax: ([a, b]) => ({ shapes: [[a, b]], write: ([x]) => r.max(x!, 1), value: distinct }),
  ReduceMin: ([a, b]) => ({ shapes: [[a, b]], write: ([x]) => r.min(x!, 0), value: distinct }),
  ReduceProd: ([a, b]) => ({ shapes: [[a, b]], write: ([x]) => r.product(x!, 1), value: positive }),
  ReduceSumSquare: ([a, b]) => ({ shapes: [[a, b]], write: ([x]) => r.sumSquares(x!, 1) }),
  ReduceL1: ([a, b]) => ({ shapes: [[a, b]], write: ([x]) => r.norm1(x!, 1), value: away }),
  ReduceL2: ([a, b]) => ({ shapes: [[a, b]], write: ([x]) => r.norm2(x!, 1), value: away }),
  ReduceLogSumExp: ([a, b]) => ({ shapes: [[a, b]], write: ([x]) => r.logSumExp(x!, 1) }),
  Variance: ([a, b]) => ({ shapes: [[a, b]], write: ([x]) => r.variance(x!, 1) }),
  CumSum: ([a, b]) => ({ shapes: [[a, b]], write: ([x]) => r.cumSum(x!, 1) }),
  "CumSum reversed": ([a, b]) => ({ shapes: [[a, b]], write: ([x]) => r.cumSum(x!, 0, true) }),
  Softmax: ([a, b]) => ({ shapes: [[a, b + 1]], write: ([x]) => r.softmax(x!) }),
  "Softmax over another axis": ([a, b, d]) => ({ shapes: [[a, b + 1, d]], write: ([x]) => r.softmax(x!, 1) }),
  LogSoftmax: ([a, b]) => ({ shapes: [[a, b + 1]], write: ([x]) => r.logSoftmax(x!) }),
  // shape
  Reshape: ([a, b, d]) => ({ shapes: [[a, b, d]], write: ([x]) => s.reshape(e.square(x!), [b, -1]) }),
  Flatten: ([a, b, d]) => ({ shapes: [[a, b, d]], write: ([x]) => s.flatten(e.square(x!)) }),
  "Unsqueeze and Squeeze": ([a, b]) => ({ shapes: [[a, b]], write: ([x]) => s.squeeze(e.square(s.unsqueeze(x!, 1)), 1) }),
  Transpose: ([a, b, d]) => ({ shapes: [[a, b, d]], write: ([x]) => e.square(s.transpose(x!, [2, 0, 1])) }),
  Expand: ([a, b, d]) => ({ shapes: [[a, 1, d]], write: ([x]) => e.square(s.expand(x!, [2, a, b, d])) }),
  Concat: ([a, b, d]) => ({
    shapes: [
      [a, b],
      [d, b],
    ],
    write: ([x, y]) => e.square(s.concat([x!, y!], 0)),
  }),
  Stack: ([a, b]) => ({
    shapes: [
      [a, b],
      [a, b],
    ],
    write: ([x, y]) => e.square(s.stack([x!, y!], 1)),
  }),
  Split: ([a, b]) => ({ shapes: [[a + 2, b]], write: ([x]) => e.square(s.split(x!, [a, 2], 0)[0]!) }),
  Slice: ([a, b]) => ({ shapes: [[a + 2, b + 1]], write: ([x]) => e.square(s.slice(x!, [1, 0], [a + 2, b])) }),
  "Slice with a step": ([a, b]) => ({ shapes: [[2 * a + 3, b]], write: ([x]) => e.square(s.slice(x!, [1, 0], [2 * a + 3, b], [2, 1])) }),
  Reverse: ([a, b]) => ({ shapes: [[a, b]], write: ([x]) => e.square(s.reverse(x!, 0)) }),
  Pad: ([a, b]) => ({ shapes: [[a, b]], write: ([x]) => e.square(s.pad(x!, [1, 0], [0, 2], 0.3)) }),
  Tile: ([a, b]) => ({ shapes: [[a, b]], write: ([x]) => e.square(s.tile(x!, [2, 3])) }),
  DepthToSpace: ([a, b]) => ({ shapes: [[1, 4, a, b]], write: ([x]) => e.square(s.depthToSpace(x!, 2)) }),
  SpaceToDepth: ([a, b]) => ({ shapes: [[1, 2, 2 * a, 2 * b]], write: ([x]) => e.square(s.spaceToDepth(x!, 2)) }),
  // products
  MatMul: ([a, b, d]) => ({
    shapes: [
      [a, b],
      [b, d],
    ],
    write: ([x, y]) => p.matmul(x!, y!),
  }),
  "MatMul of a batch and a matrix": ([a, b, d, f]) => ({
    shapes: [
      [f, a, b],
      [b, d],
    ],
    write: ([x, y]) => p.matmul(x!, y!),
  }),
  "MatMul of broadcast batches": ([a, b, d, f]) => ({
    shapes: [
      [f, 1, a, b],
      [2, b, d],
    ],
    write: ([x, y]) => p.matmul(x!, y!),
  }),
  "MatMul of vectors": ([a, b]) => ({ shapes: [[a], [a, b], [b]], write: ([x, y, z]) => p.matmul(p.matmul(x!, y!), z!) }),
  Gemm: ([a, b, d]) => ({ shapes: [[b, a], [d, b], [d]], write: ([x, y, z]) => p.gemm(x!, y!, { transA: true, transB: true }, z) }),
  "Gemm, second transposed": ([a, b, d]) => ({
    shapes: [
      [a, b],
      [d, b],
    ],
    write: ([x, y]) => p.gemm(x!, y!, { transB: true }),
  }),
  "Gemm, first transposed": ([a, b, d]) => ({
    shapes: [
      [b, a],
      [b, d],
    ],
    write: ([x, y]) => p.gemm(x!, y!, { transA: true }),
  }),
  Einsum: ([a, b, d, f]) => ({
    shapes: [
      [a, b, d],
      [a, f, d],
    ],
    write: ([x, y]) => p.einsum("bqd,bkd->bqk", x!, y!),
  }),
  "Einsum, turned": ([a, b, d, f]) => ({
    shapes: [
      [a, b, f],
      [d, b, a],
    ],
    write: ([x, y]) => p.einsum("ijk,lji->lki", x!, y!),
  }),
  "Einsum of one": ([a, b, d]) => ({ shapes: [[a, b, d]], write: ([x]) => p.einsum("abc->ca", e.square(x!)) }),
  // convolution
  Conv: ([a, b, d]) => ({
    shapes: [[2, a, 4 + b, 5], [d, a, 3, 2], [d]],
    write: ([x, w, bias]) => c.conv(x!, w!, bias, { padding: 1 }),
    h: 0.02,
  }),
  "Conv with stride, dilation and a rest": ([a, b, d]) => ({
    shapes: [
      [1, a, 6 + b, 7],
      [d, a, 2, 3],
    ],
    write: ([x, w]) => c.conv(x!, w!, undefined, { stride: [2, 3], dilation: [2, 1], padding: [1, 0] }),
  }),
  "Conv in groups": ([a, b, d]) => ({
    shapes: [
      [2, 2 * a, 5, 4 + b],
      [2 * d, a, 2, 2],
    ],
    write: ([x, w]) => c.conv(x!, w!, undefined, { groups: 2, stride: 2 }),
  }),
  "Conv, one filter a channel": ([a, b]) => ({
    shapes: [
      [2, a + 1, 5, 4 + b],
      [a + 1, 1, 3, 3],
    ],
    write: ([x, w]) => c.conv(x!, w!, undefined, { groups: a + 1, stride: 2, padding: 1, dilation: [1, 2] }),
  }),
  "ConvTranspose in groups": ([a, b, d]) => ({
    shapes: [
      [2, 2 * a, 3, 2 + b],
      [2 * a, d, 3, 2],
    ],
    write: ([x, w]) => c.convTranspose(x!, w!, { groups: 2, stride: 2, padding: 1, outputPadding: 1 }),
  }),
  "Conv over signals": ([a, b, d]) => ({
    shapes: [
      [2, a, 6 + b],
      [d, a, 3],
    ],
    write: ([x, w]) => c.conv(x!, w!, undefined, { padding: 2 }),
  }),
  ConvTranspose: ([a, b, d]) => ({
    shapes: [
      [2, a, 3, 2 + b],
      [a, d, 3, 2],
    ],
    write: ([x, w]) => c.convTranspose(x!, w!, { stride: 2, padding: 1, outputPadding: 1 }),
  }),
  MaxPool: ([a, b]) => ({ shapes: [[2, a, 4, 4 + b]], write: ([x]) => c.maxPool(x!, 2), value: distinct }),
  "MaxPool of overlapping windows": ([a, b]) => ({
    shapes: [[1, a, 5, 4 + b]],
    write: ([x]) => c.maxPool(x!, 3, { stride: 1, padding: 1 }),
    value: distinct,
  }),
  AveragePool: ([a, b]) => ({ shapes: [[2, a, 5, 4 + b]], write: ([x]) => e.square(c.averagePool(x!, 2, { stride: 2, padding: 1 })) }),
  GlobalAveragePool: ([a, b]) => ({ shapes: [[2, a, 3, b]], write: ([x]) => e.square(c.globalAveragePool(x!)) }),
  Upsample: ([a, b]) => ({ shapes: [[1, a, 2, b]], write: ([x]) => e.square(c.upsample(x!, 2)) }),
  // indexing
  Gather: ([a, b, d]) => ({
    shapes: [[a + 1, b]],
    write: ([x], g) =>
      i.gather(
        x!,
        numbers(
          g,
          Array.from({ length: 3 * d }, (_, k) => k % (a + 1)),
          [3, d],
        ),
      ),
  }),
  "Gather on an inner axis": ([a, b, d]) => ({
    shapes: [[a, b + 1, d]],
    write: ([x], g) => i.gather(x!, numbers(g, [0, b, 0, b, 0, 1], [2, 3]), 1),
  }),
  GatherElements: ([a, b]) => ({
    shapes: [[a, b + 2]],
    write: ([x], g) =>
      i.gatherElements(
        x!,
        numbers(
          g,
          Array.from({ length: 3 * a }, (_, k) => k % 2),
          [a, 3],
        ),
        1,
      ),
  }),
  GatherND: ([a, b, d]) => ({ shapes: [[a + 1, b + 1, d]], write: ([x], g) => i.gatherND(x!, numbers(g, [0, 0, a, b, 0, 0], [3, 2])) }),
  ScatterElements: ([a, b]) => ({
    shapes: [
      [a, b + 2],
      [a, 2],
    ],
    write: ([x, u], g) =>
      e.square(
        i.scatterElements(
          x!,
          numbers(
            g,
            Array.from({ length: 2 * a }, (_, k) => k % 2),
            [a, 2],
          ),
          u!,
          1,
        ),
      ),
  }),
  "ScatterElements, adding": ([a, b]) => ({
    shapes: [
      [a, b + 2],
      [a, 3],
    ],
    write: ([x, u], g) =>
      e.square(
        i.scatterElements(
          x!,
          numbers(
            g,
            Array.from({ length: 3 * a }, (_, k) => k % 2),
            [a, 3],
          ),
          u!,
          1,
          "add",
        ),
      ),
  }),
  ScatterND: ([a, b]) => ({
    shapes: [
      [a + 2, b],
      [2, b],
    ],
    write: ([x, u], g) => e.square(i.scatterND(x!, numbers(g, [a + 1, 0], [2, 1]), u!)),
  }),
  "ScatterND, adding": ([a, b]) => ({
    shapes: [
      [a + 2, b],
      [3, b],
    ],
    write: ([x, u], g) => e.square(i.scatterND(x!, numbers(g, [a + 1, 0, 0], [3, 1]), u!, "add")),
  }),
  TopK: ([a, b]) => ({ shapes: [[a, b + 3]], write: ([x]) => i.topK(x!, 2).values, value: distinct }),
  // normalisation
  LayerNormalization: ([a, b]) => ({
    shapes: [[a, 2, b + 3], [b + 3], [b + 3]],
    write: ([x, scale, shift]) => n.layerNorm(x!, scale!, shift!),
    value: (u, k) => u + (k % 3),
  }),
  RMSNorm: ([a, b]) => ({ shapes: [[a, b + 2], [b + 2]], write: ([x, scale]) => n.rmsNorm(x!, scale!), value: away }),
  GroupNorm: ([a, b]) => ({
    shapes: [[2, 2 * a, 3, b], [2 * a], [2 * a]],
    write: ([x, scale, shift]) => n.groupNorm(x!, 2, scale!, shift!),
    value: (u, k) => u + (k % 3),
  }),
};
