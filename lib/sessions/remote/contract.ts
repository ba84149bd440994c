// The promises of "any Jupyter under us": servers a workspace added, the kernels they offer beside ours, and what a notebook chose.
import { z } from "zod";
import { inWorkspace, operation } from "#lib/kit/operation.ts";

export const kernelServerSchema = z.object({
  id: z.string(),
  name: z.string(),
  url: z.string(),
  createdBy: z.string(),
  createdAt: z.string(),
});
export type KernelServer = z.output<typeof kernelServerSchema>;

export const offeredSchema = z.object({
  server: z.string().nullable().describe("Null for our own"),
  serverName: z.string(),
  kernel: z.string(),
  title: z.string(),
  language: z.string(),
});
export type Offered = z.output<typeof offeredSchema>;

/** What a notebook runs on unless it chose otherwise. */
export const ownKernel: Offered = {
  server: null,
  serverName: "Atelier",
  kernel: "typescript",
  title: "TypeScript",
  language: "typescript",
};

const base = "/workspaces/{workspace}/kernel-servers";
const oneServer = { ...inWorkspace, server: z.string().max(64) };
const oneNotebook = { ...inWorkspace, notebook: z.string().max(64) };

export const listKernelServers = operation({
  id: "kernelServers.list",
  method: "GET",
  path: base,
  grant: "read",
  summary: "Lists the Jupyter servers of the workspace. Tokens are never shown.",
  input: z.object(inWorkspace),
  output: z.object({ items: z.array(kernelServerSchema) }),
});

export const addKernelServer = operation({
  id: "kernelServers.add",
  method: "POST",
  path: base,
  grant: "own",
  status: 201,
  summary:
    "Adds a Jupyter server or Enterprise Gateway, after asking it for its kernels. Private addresses only where the installation allows.",
  input: z.object({
    ...inWorkspace,
    name: z.string().trim().min(1).max(60),
    url: z.string().trim().min(1).max(500),
    token: z.string().max(2000).describe("Kept sealed, never shown again; empty when the server asks for none"),
  }),
  output: kernelServerSchema,
});

export const testKernelServer = operation({
  id: "kernelServers.test",
  method: "POST",
  path: `${base}/{server}/test`,
  grant: "own",
  status: 200,
  summary: "Asks a server now which kernels it has; 503 with the reason when it cannot be used.",
  input: z.object(oneServer),
  output: z.object({ kernels: z.array(offeredSchema) }),
});

export const removeKernelServer = operation({
  id: "kernelServers.remove",
  method: "DELETE",
  path: `${base}/{server}`,
  grant: "own",
  status: 204,
  summary: "Forgets a server and its token. Notebooks that chose it go back to our own kernel with their next session.",
  input: z.object(oneServer),
  output: z.object({}),
});

export const listKernels = operation({
  id: "kernels.list",
  method: "GET",
  path: "/workspaces/{workspace}/kernels",
  grant: "read",
  summary: "Lists our kernel and those of every server that answers; who does not is named with the reason.",
  input: z.object(inWorkspace),
  output: z.object({ items: z.array(offeredSchema), silent: z.array(z.object({ name: z.string(), reason: z.string() })) }),
});

export const readKernel = operation({
  id: "kernels.read",
  method: "GET",
  path: "/workspaces/{workspace}/notebooks/{notebook}/kernel",
  grant: "read",
  summary: "Reads what kernel a notebook runs on.",
  input: z.object(oneNotebook),
  output: offeredSchema,
});

export const chooseKernel = operation({
  id: "kernels.choose",
  method: "PUT",
  path: "/workspaces/{workspace}/notebooks/{notebook}/kernel",
  grant: "run",
  summary: "Chooses the kernel of a notebook, from the next session on. 409 while a session of it runs.",
  input: z.object({ ...oneNotebook, server: z.string().max(64).nullable(), kernel: z.string().min(1).max(200) }),
  output: offeredSchema,
});
