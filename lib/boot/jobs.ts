// What the worker does, gathered from the domains' jobs.ts files.

import { datasetJobs } from "#lib/datasets/jobs.ts";
import { evaluationJobs } from "#lib/evaluation/jobs.ts";
import type { Job } from "#lib/kit/job.ts";
import { monitoringJobs } from "#lib/monitoring/jobs.ts";
import { pipelineJobs } from "#lib/pipelines/jobs.ts";
import { tuningJobs } from "#lib/tuning/jobs.ts";

export const jobs: Job[] = [datasetJobs, tuningJobs, evaluationJobs, pipelineJobs, monitoringJobs];
