// `learn.layers`: layers that ask for their own weights, what weights begin as, and losses.
export { fanIn, he, normal, ones, zeros } from "#lib/learn/graph/seeds.ts";
export { attend, causalMask, intoHeads, outOfHeads, selfAttention } from "#lib/learn/layers/attention.ts";
export { conv1d, conv2d } from "#lib/learn/layers/convolution.ts";
export { dense, dropout, embedding, table } from "#lib/learn/layers/dense.ts";
export * from "#lib/learn/layers/losses.ts";
export { batchNorm, groupNorm, layerNorm, rmsNorm } from "#lib/learn/layers/norm.ts";
export { gru, lstm } from "#lib/learn/layers/recurrent.ts";
