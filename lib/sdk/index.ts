// What a cell imports as "atelier".
export { chart } from "#lib/sdk/chart.ts";
export * as comms from "#lib/sdk/comms.ts";
export * as datasets from "#lib/sdk/datasets.ts";
export * as devices from "#lib/sdk/devices.ts";
export * as endpoints from "#lib/sdk/endpoints.ts";
export * as evaluation from "#lib/sdk/evaluation.ts";
export * as learn from "#lib/sdk/learn.ts";
export * as llm from "#lib/sdk/llm.ts";
export * as models from "#lib/sdk/models.ts";
export * as packages from "#lib/sdk/packages.ts";
export * as pipelines from "#lib/sdk/pipelines.ts";
export { progress } from "#lib/sdk/progress.ts";
export * as runs from "#lib/sdk/runs.ts";
export * as tuning from "#lib/sdk/tuning.ts";
