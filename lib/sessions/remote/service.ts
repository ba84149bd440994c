// The verbs of kernel servers. Only owners add, test and remove them: an address is a way out of this installation. A token goes in once,
// is sealed before it is stored, and never comes out again, not to the trail either.
import { env } from "#lib/kit/env.ts";
import { newId } from "#lib/kit/ids.ts";
import { missing, Problem } from "#lib/kit/problem.ts";
import { type Scope, verb } from "#lib/kit/verb.ts";
import { findNotebook } from "#lib/notebooks/store.ts";
import { readAddress } from "#lib/sessions/remote/address.ts";
import { kernelsOf, type Place, type Spec } from "#lib/sessions/remote/client.ts";
import * as contract from "#lib/sessions/remote/contract.ts";
import { seal, unseal } from "#lib/sessions/remote/seal.ts";
import * as store from "#lib/sessions/remote/store.ts";
import { runnerOf } from "#lib/sessions/runners.ts";

const serverLimit = 20;

const toServer = ({ id, name, url, createdBy, createdAt }: store.ServerRow): contract.KernelServer => ({
  id,
  name,
  url,
  createdBy,
  createdAt: createdAt.toISOString(),
});

const placeOf = (row: store.ServerRow): Place => ({ name: row.name, url: row.url, token: unseal(row.sealedToken, row.id) });

const offeredBy = (row: Pick<store.ServerRow, "id" | "name">, specs: Spec[]): contract.Offered[] =>
  specs.map((spec) => ({ server: row.id, serverName: row.name, ...spec }));

const find = async (scope: Scope, id: string): Promise<store.ServerRow> => {
  const row = await store.findServer(scope, id);
  if (!row) throw missing("kernel server", id);
  return row;
};

export const listKernelServers = verb(contract.listKernelServers, async (scope) => ({ items: (await store.servers(scope)).map(toServer) }));

export const addKernelServer = verb(
  contract.addKernelServer,
  async (scope, { name, url, token }) => {
    const address = readAddress(url, env.allowsPrivateKernelServers).href.replace(/\/+$/, "");
    if ((await store.servers(scope)).length >= serverLimit)
      throw new Problem("limit", "kernelServers.many", `A workspace has at most ${serverLimit} servers. Remove one first.`);
    const kernels = await kernelsOf({ name, url: address, token });
    return scope.transact(async (inner) => {
      const id = newId("kernel_server", inner.now.getTime());
      const row = { id, name, url: address, sealedToken: seal(token, id), createdBy: inner.caller.name, createdAt: inner.now };
      if (!(await store.insertServer(inner, row)))
        throw new Problem("conflict", "kernelServers.named", `There is a server named ${name} already. Choose another name.`);
      await inner.audit("kernel_server.added", id, { name, url: address, kernels: kernels.map((one) => one.kernel) });
      return toServer({ ...row, workspaceId: inner.workspaceId });
    });
  },
  { isUntransacted: true },
);

export const testKernelServer = verb(
  contract.testKernelServer,
  async (scope, { server }) => {
    const row = await find(scope, server);
    return { kernels: offeredBy(row, await kernelsOf(placeOf(row))) };
  },
  { isUntransacted: true },
);

export const removeKernelServer = verb(contract.removeKernelServer, async (scope, { server }) => {
  const row = await find(scope, server);
  await store.deleteServer(scope, server);
  await scope.audit("kernel_server.removed", server, { name: row.name, url: row.url });
  return {};
});

export const listKernels = verb(
  contract.listKernels,
  async (scope) => {
    const silent: { name: string; reason: string }[] = [];
    const found = await Promise.all(
      (await store.servers(scope)).map(async (row) => {
        try {
          return offeredBy(row, await kernelsOf(placeOf(row)));
        } catch (error) {
          silent.push({ name: row.name, reason: error instanceof Error ? error.message : String(error) });
          return [];
        }
      }),
    );
    return { items: [contract.ownKernel, ...found.flat()], silent };
  },
  { isUntransacted: true },
);

const choiceOf = async (scope: Scope, notebook: string): Promise<contract.Offered> => {
  const found = await store.chosen(scope, notebook);
  if (!found) return contract.ownKernel;
  const { kernel, title, language } = found.choice;
  return { server: found.server.id, serverName: found.server.name, kernel, title, language };
};

const mustExist = async (scope: Scope, notebook: string): Promise<void> => {
  if (!(await findNotebook(scope, notebook))) throw missing("notebook", notebook);
};

export const readKernel = verb(contract.readKernel, async (scope, { notebook }) => {
  await mustExist(scope, notebook);
  return choiceOf(scope, notebook);
});

export const chooseKernel = verb(
  contract.chooseKernel,
  async (scope, { notebook, server, kernel }) => {
    await mustExist(scope, notebook);
    const runner = await runnerOf(notebook)?.catch(() => null);
    if (runner && !["none", "lost"].includes(runner.session().status))
      throw new Problem("conflict", "kernels.session_runs", "A session of this notebook runs. End it first: its variables would be gone.");
    if (server === null && kernel !== contract.ownKernel.kernel) throw missing("kernel", kernel);
    const row = server === null ? null : await find(scope, server);
    const spec = row ? (await kernelsOf(placeOf(row))).find((one) => one.kernel === kernel) : null;
    if (row && !spec) throw missing("kernel", kernel);
    await scope.transact(async (inner) => {
      if (row && spec)
        await store.putChoice(inner, { notebookId: notebook, serverId: row.id, kernel, title: spec.title, language: spec.language });
      else await store.deleteChoice(inner, notebook);
      await inner.audit("kernel.chosen", notebook, { kernel, server: row?.name ?? "Atelier" });
    });
    return choiceOf(scope, notebook);
  },
  { isUntransacted: true },
);
