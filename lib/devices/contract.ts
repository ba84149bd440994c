// The promises of the devices room: machines that run sessions, what they have, who holds it and who waits. Kernels send their beats in
// the schemas of this file, so it is safe on both sides.
import { z } from "zod";
import { inWorkspace, nothing, operation, pageOf } from "#lib/kit/operation.ts";

/** A thing graphs run on. `cpu` is always there; a graphics card answers to the providers it was seen to answer to. */
export const deviceSchema = z.object({
  id: z.string().max(40).describe("Within its machine: cpu, gpu0"),
  kind: z.enum(["cpu", "gpu"]),
  name: z.string().max(200),
  providers: z.array(z.enum(["cpu", "webgpu", "cuda"])).describe("Execution providers a graph ran on, best first"),
  isSoftware: z.boolean().describe("A graphics card made of processor time: right, and slow"),
  cores: z.number().int().nullable(),
  memoryMb: z.number().nullable(),
  utilisation: z.number().nullable().describe("Share busy when last asked, 0 to 1; null where nothing tells"),
  usedMemoryMb: z.number().nullable(),
  note: z.string().max(2000).nullable().describe("What is missing for more, in words"),
});
export type DeviceFound = z.output<typeof deviceSchema>;

export const meterSchema = z.object({
  session: z.string().max(100),
  workspaceId: z.string().max(64),
  notebookId: z.string().max(64).describe("Empty for kernels of stock clients"),
  userId: z.string().max(64).describe("Who ran the cell; empty for the house itself"),
  person: z.string().max(200),
  device: z.string().max(40).nullable(),
  seconds: z.number().nonnegative(),
  cpuSeconds: z.number().nonnegative(),
  gbSeconds: z.number().nonnegative(),
  deviceSeconds: z.number().nonnegative(),
});
/** Totals of one session, notebook and person since the session began; sent again they change nothing. */
export type Meter = z.output<typeof meterSchema>;

/** What a gateway says of itself every few seconds. */
export const beatSchema = z.object({
  id: z.string().max(40),
  incarnation: z.string().max(64),
  name: z.string().max(200),
  url: z.url().max(300),
  isSandboxed: z.boolean(),
  cpus: z.number().int().positive(),
  memoryMb: z.number().int().positive(),
  usedMemoryMb: z.number().nonnegative(),
  usedCpus: z.number().nonnegative(),
  startedAt: z.iso.datetime(),
  devices: z.array(deviceSchema).max(64).nullable().describe("Null until the machine has tried what it has"),
  sessions: z.array(z.string().max(100)).max(1000),
  meters: z.array(meterSchema).max(5000),
});
export type Beat = z.output<typeof beatSchema>;
/** Sessions one machine holds at most, whatever they ask for. */
export const sessionLimit = 64;

/** The answer: sessions that lost their lease (DV4), and whether the machine takes new ones (DV5). */
export type BeatAnswer = { orphans: string[]; isOpen: boolean };
export const beatPath = "/api/internal/devices/beat";

export const machineStates = ["open", "draining", "silent"] as const;
export type MachineState = (typeof machineStates)[number];

export const machineSchema = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(machineStates).describe("silent: not heard for 20 seconds"),
  isSandboxed: z.boolean(),
  cpus: z.number().int(),
  memoryMb: z.number(),
  freeCpus: z.number().describe("Not kept for a session"),
  freeMemoryMb: z.number(),
  usedCpus: z.number().describe("Really used by sessions when last heard"),
  usedMemoryMb: z.number(),
  sessions: z.number().int(),
  devices: z.array(deviceSchema),
  startedAt: z.string(),
  seenAt: z.string(),
});
export type Machine = z.output<typeof machineSchema>;

export const leaseSchema = z.object({
  session: z.string(),
  isOurs: z.boolean().describe("Of this workspace; of another one only the fact is told"),
  notebookId: z.string().nullable(),
  notebook: z.string().nullable().describe("Its title"),
  person: z.string().nullable(),
  machineId: z.string().nullable().describe("Null while it waits"),
  device: z.string().nullable(),
  cpus: z.number(),
  memoryMb: z.number(),
  gpu: z.boolean(),
  askedAt: z.string(),
  grantedAt: z.string().nullable(),
  place: z.number().int().nullable().describe("In the queue, from 1; null when held"),
});
export type Lease = z.output<typeof leaseSchema>;

export const listedDeviceSchema = deviceSchema.extend({
  machineId: z.string(),
  machine: z.string(),
  state: z.enum(["free", "held", "draining", "silent"]),
  holder: leaseSchema.nullable(),
});
export type ListedDevice = z.output<typeof listedDeviceSchema>;

export const listDevices = operation({
  id: "devices.list",
  method: "GET",
  path: "/workspaces/{workspace}/devices",
  grant: "read",
  summary: "Lists every device of every machine with who holds it.",
  input: z.object(inWorkspace),
  output: pageOf(listedDeviceSchema),
});

export const listLeases = operation({
  id: "devices.leases",
  method: "GET",
  path: "/workspaces/{workspace}/leases",
  grant: "read",
  summary: "Lists what sessions hold and wait for, oldest ask first. Of other workspaces only the fact is told.",
  input: z.object(inWorkspace),
  output: pageOf(leaseSchema),
});

export const listMachines = operation({
  id: "machines.list",
  method: "GET",
  path: "/workspaces/{workspace}/machines",
  grant: "read",
  summary: "Lists the machines that run sessions, with what is free on them.",
  input: z.object(inWorkspace),
  output: pageOf(machineSchema),
});

const oneMachine = z.object({ ...inWorkspace, machine: z.string().max(40) });

export const drainMachine = operation({
  id: "machines.drain",
  method: "POST",
  path: "/workspaces/{workspace}/machines/{machine}/drain",
  grant: "own",
  status: 200,
  summary: "Gives a machine no new sessions; those it has go on. Only owners of the workspace main.",
  input: oneMachine,
  output: machineSchema,
});

export const openMachine = operation({
  id: "machines.open",
  method: "POST",
  path: "/workspaces/{workspace}/machines/{machine}/open",
  grant: "own",
  status: 200,
  summary: "Lets a draining machine take sessions again. Only owners of the workspace main.",
  input: oneMachine,
  output: machineSchema,
});

export const removeMachine = operation({
  id: "machines.remove",
  method: "DELETE",
  path: "/workspaces/{workspace}/machines/{machine}",
  grant: "own",
  summary: "Forgets a machine without sessions, until its gateway starts anew. 409 while sessions live there.",
  input: oneMachine,
  output: nothing,
});
