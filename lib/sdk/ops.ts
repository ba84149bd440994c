// `learn.ops`: every operator of lib/learn/graph, what networks are written with.
export { gradients, recomputed } from "#lib/learn/graph/gradient.ts";
export { constant, input, layer, openGraph, parameter } from "#lib/learn/graph/graph.ts";
export * from "#lib/learn/graph/operators/convolution.ts";
export * from "#lib/learn/graph/operators/elementwise.ts";
export * from "#lib/learn/graph/operators/indexing.ts";
export * from "#lib/learn/graph/operators/products.ts";
export * from "#lib/learn/graph/operators/reductions.ts";
export * from "#lib/learn/graph/operators/shaping.ts";
export { evaluate } from "#lib/learn/graph/program.ts";
