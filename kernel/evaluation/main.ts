// One evaluation, one process: the worker forks this, sends the paths and the plan, hears progress and then the report. A model file that
// crashes the runtime or a table that eats the memory ends this process and nothing else.
import { type Answerer, openAnswerer } from "#kernel/evaluation/answers.ts";
import { type Batch, openRows, type Wanted, wantedFor } from "#kernel/evaluation/rows.ts";
import type { Plan, Report, Said, Task } from "#lib/evaluation/contract.ts";
import type { Evidence } from "#lib/learn/judgement/evidence.ts";
import { groupsOf } from "#lib/learn/judgement/grouping.ts";
import { judge } from "#lib/learn/judgement/judge.ts";
import type { Signature } from "#lib/models/contract.ts";

const rowLimit = 1_000_000;
const say = (said: Said): void => void process.send!(said);

type Gathered = {
  truth: (string | number)[];
  own: (string | number)[];
  baseline: (string | number)[];
  queries: string[];
  groups: (string | number | null)[][];
  skipped: number;
};

const isNumeric = (plan: Plan): boolean => plan.kind === "number" || plan.kind === "ranking";

const evidenceOf = (plan: Plan, { truth, queries }: Gathered, answers: (string | number)[]): Evidence => {
  if (plan.kind === "binary")
    return {
      kind: "binary",
      truth: Float64Array.from(truth, (one) => Number(String(one) === plan.positive)),
      scores: Float64Array.from(answers, Number),
    };
  if (plan.kind === "number")
    return { kind: "number", truth: Float64Array.from(truth, Number), scores: Float64Array.from(answers, Number) };
  if (plan.kind === "ranking")
    return { kind: "ranking", truth: Float64Array.from(truth, Number), scores: Float64Array.from(answers, Number), queries };
  return { kind: plan.kind, truth: truth.map(String), answers: answers.map(String) };
};

const wantedBy = (task: Task): Wanted[] => {
  const { plan } = task;
  const cells = [plan.target, plan.answerColumn, plan.query, ...plan.groups].flatMap((name): Wanted[] =>
    name === null ? [] : [{ name, as: "cell" }],
  );
  const models = [task.model, task.baseline].flatMap((one) => (one ? wantedFor(one.signature as Signature) : []));
  return [...new Map([...cells, ...models].map((one) => [`${one.as} ${one.name}`, one])).values()];
};

const columnsFor = (answerer: Answerer, batch: Batch, rows: readonly number[]): Record<string, unknown[]> =>
  Object.fromEntries(
    answerer.inputs.map(({ name, datatype }) => {
      const column = batch[`${datatype === "BYTES" ? "text" : "number"} ${name}`]!;
      return [name, rows.map((row) => column[row])];
    }),
  );

const isUsable = (plan: Plan, value: unknown): boolean =>
  value !== null && value !== "" && (!isNumeric(plan) || Number.isFinite(Number(value)));

const takeBatch = async (plan: Plan, batch: Batch, model: Answerer | null, baseline: Answerer | null, into: Gathered): Promise<void> => {
  const target = batch[`cell ${plan.target}`]!;
  const given = plan.answerColumn === null ? null : batch[`cell ${plan.answerColumn}`]!;
  const rows = [...target.keys()].filter((i) => isUsable(plan, target[i]) && (!given || plan.kind === "text" || isUsable(plan, given[i])));
  into.skipped += target.length - rows.length;
  if (rows.length === 0) return;
  const answers = given ? rows.map((i) => (given[i] ?? "") as string | number) : await model!.answer(columnsFor(model!, batch, rows));
  into.own.push(...answers);
  if (baseline) into.baseline.push(...(await baseline.answer(columnsFor(baseline, batch, rows))));
  for (const i of rows) into.truth.push(target[i] as string | number);
  if (plan.query !== null) for (const i of rows) into.queries.push(String(batch[`cell ${plan.query}`]![i]));
  for (const [at, name] of plan.groups.entries())
    for (const i of rows) {
      const value = batch[`cell ${name}`]![i];
      into.groups[at]!.push(typeof value === "boolean" ? String(value) : (value as string | number | null));
    }
};

const run = async (task: Task): Promise<Report> => {
  const { plan } = task;
  const open = (one: Task["model"]) => (one ? openAnswerer(one.path, one.signature as Signature, plan.kind) : null);
  const [model, baseline] = [await open(task.model), await open(task.baseline)];
  const { total, sampledFrom, batches } = await openRows(task.tablePath, wantedBy(task), rowLimit);
  const gathered: Gathered = { truth: [], own: [], baseline: [], queries: [], groups: plan.groups.map(() => []), skipped: 0 };
  let done = 0;
  for await (const batch of batches()) {
    await takeBatch(plan, batch, model, baseline, gathered);
    done += batch[`cell ${plan.target}`]!.length;
    say({ progress: { done, total, sentence: `${done.toLocaleString("en-US")} of ${total.toLocaleString("en-US")} rows answered` } });
  }
  say({ progress: { done: total, total, sentence: "Drawing rows for the intervals" } });
  const report = judge(
    evidenceOf(plan, gathered, gathered.own),
    baseline ? evidenceOf(plan, gathered, gathered.baseline) : null,
    plan.groups.map((column, i) => ({ column, values: groupsOf(gathered.groups[i]!) })),
    { threshold: plan.threshold, k: plan.k, seed: 7, draws: plan.draws },
  );
  const order = plan.metrics.length === 0 ? report.metrics.map((one) => one.name) : plan.metrics;
  const listed = [...order, ...plan.gates.map((gate) => gate.metric).filter((name) => !order.includes(name))];
  const metrics = [...new Set(listed)].flatMap((name) => report.metrics.filter((one) => one.name === name));
  return { ...report, metrics, skipped: gathered.skipped, sampledFrom };
};

const sentence = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replace(/\/\S*\//g, "")
    .split("\n")[0]!
    .slice(0, 400);

process.once("disconnect", () => process.exit(0));
process.once("message", async (task: Task) => {
  const said: Said = await run(task).then(
    (report) => ({ report }),
    (error: unknown) => ({ failure: sentence(error) }),
  );
  process.send!(said, () => process.exit(0));
});
