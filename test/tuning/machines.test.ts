// One study on two machines: two gateways in processes of their own, a session of the study on each. One is killed with all it runs in the middle
// of a trial; the other takes that trial up, and in the end every trial is counted once.
import { afterAll, beforeAll, expect, it } from "vitest";
import { listLeases, listMachines } from "#lib/devices/contract.ts";
import { listRuns } from "#lib/experiments/contract.ts";
import { createNotebook, readNotebook } from "#lib/notebooks/contract.ts";
import { changeWish } from "#lib/sessions/contract.ts";
import { openStudy, readStudy, workStudy } from "#lib/tuning/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { type Gateway, startMachine } from "#test/kit/machine.ts";
import { eventually } from "#test/kit/product.ts";

const main = { workspace: "main" };
const study = "on two machines";
const trials = 14;
/** The trial that its session never ends by itself. */
const endless = 8;
// The first two trials wait for each other, so that neither session takes all of them before the other has begun.
const source = `const objective = async ({ number, params, report }) => {
  await report(1, params.x);
  if (number === ${endless}) await new Promise(() => {});
  while ((await (await import("atelier")).tuning.read("${study}")).counts.running < 2 && number < 2) await new Promise((next) => setTimeout(next, 50));
  return params.x;
};`;

let house: House;
let machines: Gateway[] = [];
beforeAll(async () => {
  house = await openHouse();
  const secret = process.env.ATELIER_INTERNAL_SECRET!;
  const port = Number(new URL(process.env.ATELIER_KERNEL_URL!).port);
  machines = await Promise.all([startMachine({ webUrl: house.url, secret, port }), startMachine({ webUrl: house.url, secret })]);
  await eventually("both machines are heard", async () => (await known()).length === 2);
});
afterAll(async () => {
  for (const one of machines) await one.close();
  await house.close();
});

const known = async () => (await house.as("viewer")(listMachines, main)).items;
const read = () => house.as("viewer")(readStudy, { ...main, study });

/** Which session of the worker asked for each trial, by the trial's number. */
const owners = async (): Promise<string[]> => {
  const { pool } = await import("#db");
  const { rows } = await pool().query<{ owner: string }>("select owner from tuning_trial order by number");
  return rows.map((one) => one.owner);
};

it("TU2 TU3 TU7 trials run on both machines, and when one goes the study ends with every trial counted once", async () => {
  const { id } = await house.as("editor")(createNotebook, { ...main, title: study, cells: [{ cellType: "code", source }] });
  const { cpus } = (await known())[0]!;
  await house.as("editor")(changeWish, { ...main, notebook: id, cpus }); // a whole machine each
  const [cell] = (await house.as("viewer")(readNotebook, { ...main, notebook: id })).cells;
  const space = { x: { type: "float", low: 0, high: 1 } } as const;
  await house.as("editor")(openStudy, { ...main, name: study, space, seed: 5, trials });
  await house.as("editor")(workStudy, { ...main, study, notebook: id, cell: cell!.id, objective: "objective", parallel: 2 });
  const { claimHand } = await import("#lib/tuning/hand-store.ts");
  const { workHand } = await import("#lib/tuning/hands.ts");
  const { leaseEnd, leaseOwner } = await import("#lib/kit/job.ts");
  const take = async () => workHand((await claimHand(leaseOwner, leaseEnd(), new Date()))!, new AbortController().signal);
  const worked = Promise.all([take(), take()]);

  await eventually("the endless trial has reported", async () => (await read()).trials[endless]?.reports.length === 1, 120_000);
  const holders = (await house.as("viewer")(listLeases, main)).items;
  expect(new Set(holders.map((one) => one.machineId)).size).toBe(2);
  const asked = await owners();
  expect(new Set(asked).size).toBe(2);
  const before = (await read()).trials.filter((one) => one.state === "complete");

  // The hand and which of its sessions it is are in both names: "hand.1" asks for trials, "hand-1" is the session.
  const { gatewayOf } = await import("#lib/devices/leases.ts");
  const url = await gatewayOf(asked[endless]!.replace(".", "-"));
  await machines.find((one) => one.url === url)!.kill();
  await worked;

  const whole = await read();
  expect(whole.hands.map((one) => [one.status, one.attempt]).sort()).toEqual([
    ["done", 1],
    ["done", 2],
  ]);
  expect(whole.counts).toEqual({ complete: trials, lost: 1, running: 0, pruned: 0, failed: 0 });
  expect(whole.trials[endless]!.state).toBe("lost");
  for (const one of before) expect(whole.trials[one.number]).toEqual(one);
  const again = whole.trials.filter((one) => one.retryOf !== null);
  expect(again).toMatchObject([{ retryOf: endless, params: whole.trials[endless]!.params, state: "complete" }]);

  const { items } = await house.as("viewer")(listRuns, { ...main, experiment: study, limit: 500 });
  const statusOf = new Map(items.map((run) => [run.number, run.status]));
  expect(whole.trials.map((one) => statusOf.get(one.runNumber!))).toEqual(
    whole.trials.map((one) => (one.state === "lost" ? "failed" : "done")),
  );
  expect(items).toHaveLength(whole.trials.length);
});
