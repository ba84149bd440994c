// The verbs of the devices room: what there is, who holds it, and the owner's decisions about machines.

import * as contract from "#lib/devices/contract.ts";
import { isSilent, toOffer } from "#lib/devices/leases.ts";
import { freeOf, placeOf } from "#lib/devices/rules.ts";
import * as store from "#lib/devices/store.ts";
import { now } from "#lib/kit/clock.ts";
import { missing, Problem } from "#lib/kit/problem.ts";
import { type Scope, verb } from "#lib/kit/verb.ts";

const stateOf = (row: store.MachineRow, at: Date): contract.MachineState =>
  isSilent(row, at) ? "silent" : row.state === "draining" ? "draining" : "open";

const toMachine = (row: store.MachineRow, leases: store.LeaseRow[], at: Date): contract.Machine => {
  const free = freeOf(toOffer(row, at), leases);
  return {
    id: row.id,
    name: row.name,
    state: stateOf(row, at),
    isSandboxed: row.isSandboxed,
    cpus: row.cpus,
    memoryMb: row.memoryMb,
    freeCpus: free.cpus,
    freeMemoryMb: free.memoryMb,
    usedCpus: row.usedCpus,
    usedMemoryMb: row.usedMemoryMb,
    sessions: row.sessions.length,
    devices: row.devices as unknown as contract.DeviceFound[],
    startedAt: row.startedAt.toISOString(),
    seenAt: row.seenAt.toISOString(),
  };
};

const leasesFor = async (scope: Scope): Promise<contract.Lease[]> => {
  const rows = await store.shownLeases(scope.sql);
  const waiting = rows.map((row) => row.lease).filter((one) => !one.grantedAt);
  return rows.map(({ lease, title }) => {
    const isOurs = lease.workspaceId === scope.workspaceId;
    return {
      session: isOurs ? lease.session : "",
      isOurs,
      notebookId: isOurs ? lease.notebookId : null,
      notebook: isOurs ? title : null,
      person: isOurs ? lease.person : null,
      machineId: lease.machineId,
      device: lease.device,
      cpus: lease.cpus,
      memoryMb: lease.memoryMb,
      gpu: lease.gpu,
      askedAt: lease.askedAt.toISOString(),
      grantedAt: lease.grantedAt?.toISOString() ?? null,
      place: lease.grantedAt ? null : placeOf(lease, waiting).place,
    };
  });
};

export const listLeases = verb(contract.listLeases, async (scope) => ({ items: await leasesFor(scope) }));

export const listMachines = verb(contract.listMachines, async (scope) => {
  const [rows, leases, at] = [await store.machines(scope.sql), await store.openLeases(scope.sql), now()];
  return { items: rows.map((row) => toMachine(row, leases, at)) };
});

export const listDevices = verb(contract.listDevices, async (scope) => {
  const [rows, leases, at] = [await store.machines(scope.sql), await leasesFor(scope), now()];
  const items = rows.flatMap((row) =>
    (row.devices as unknown as contract.DeviceFound[]).map((device) => {
      const holder = leases.find((one) => one.machineId === row.id && one.device === device.id) ?? null;
      const state = stateOf(row, at);
      return {
        ...device,
        machineId: row.id,
        machine: row.name,
        holder,
        state: state === "open" ? (holder ? "held" : "free") : state,
      } as const;
    }),
  );
  return { items };
});

/** The machine an owner of the installation decides about (DV7). */
const decideOn = async (scope: Scope, id: string): Promise<store.MachineRow> => {
  if (scope.place.slug !== "main")
    throw new Problem(
      "forbidden",
      "devices.not_main",
      "Machines belong to the whole installation. An owner of the workspace main decides about them.",
    );
  const found = await store.findMachine(scope.sql, id);
  if (!found || found.state === "removed") throw missing("machine", id);
  return found;
};

const turn = (operation: typeof contract.drainMachine, state: "open" | "draining") =>
  verb(operation, async (scope, { machine }) => {
    const found = await decideOn(scope, machine);
    await store.setState(scope.sql, found.id, state);
    await scope.audit(`machine.${state}`, found.id, { name: found.name });
    return toMachine({ ...found, state }, await store.openLeases(scope.sql), scope.now);
  });

export const drainMachine = turn(contract.drainMachine, "draining");
export const openMachine = turn(contract.openMachine, "open");

export const removeMachine = verb(contract.removeMachine, async (scope, { machine }) => {
  const found = await decideOn(scope, machine);
  const held = (await store.openLeases(scope.sql)).filter((one) => one.machineId === found.id);
  if (!isSilent(found, scope.now) && held.length > 0)
    throw new Problem(
      "conflict",
      "devices.in_use",
      `${found.name} has ${held.length} ${held.length === 1 ? "session" : "sessions"}. Drain it, and remove it when they have ended.`,
    );
  await store.endLeases(
    scope.sql,
    held.map((one) => one.session),
    "its machine was removed",
    scope.now,
  );
  await store.setState(scope.sql, found.id, "removed");
  await scope.audit("machine.removed", found.id, { name: found.name });
  return {};
});
