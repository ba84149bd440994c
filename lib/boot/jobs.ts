// What the worker does, gathered from the domains' jobs.ts files.
import type { Job } from "#lib/kit/job.ts";
import { datasetJobs } from "#lib/datasets/jobs.ts";

export const jobs: Job[] = [datasetJobs];
