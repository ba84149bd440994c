// Every verb of the product, gathered from the services. A service whose module is listed here is on the wire and in the document.
import * as costs from "#lib/costs/service.ts";
import * as datasets from "#lib/datasets/service.ts";
import * as devices from "#lib/devices/service.ts";
import * as evaluation from "#lib/evaluation/service.ts";
import * as experiments from "#lib/experiments/service.ts";
import { verbsOf } from "#lib/kit/verb.ts";
import * as models from "#lib/models/service.ts";
import * as monitoring from "#lib/monitoring/service.ts";
import * as notebooks from "#lib/notebooks/service.ts";
import * as pipelineRuns from "#lib/pipelines/run-service.ts";
import * as pipelines from "#lib/pipelines/service.ts";
import * as serving from "#lib/serving/service.ts";
import * as insideSessions from "#lib/sessions/inside.ts";
import * as language from "#lib/sessions/language/service.ts";
import * as packages from "#lib/sessions/packages/service.ts";
import * as kernelServers from "#lib/sessions/remote/service.ts";
import * as sessions from "#lib/sessions/service.ts";
import * as tuning from "#lib/tuning/service.ts";
import * as tuningWork from "#lib/tuning/work-service.ts";
import * as workspace from "#lib/workspace/service.ts";

export const verbs = verbsOf(
  workspace,
  costs,
  devices,
  notebooks,
  sessions,
  insideSessions,
  language,
  kernelServers,
  packages,
  datasets,
  experiments,
  models,
  tuning,
  tuningWork,
  evaluation,
  serving,
  pipelines,
  pipelineRuns,
  monitoring,
);
