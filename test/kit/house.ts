// A house for verb tests: its own database and home, the REST face without pages, and people with every role in two workspaces.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import { type CallOptions, call } from "#lib/kit/call.ts";
import type { CallInputOf, Operation, OutputOf } from "#lib/kit/operation.ts";
import type { Role } from "#lib/workspace/contract.ts";
import { freePort } from "#test/kit/ports.ts";

export type House = {
  url: string;
  /** API tokens of the workspace `main` by role, and of an owner of another workspace. */
  tokens: Record<Role | "stranger", string>;
  workspaceId: string;
  as: (
    who: Role | "stranger" | "nobody",
  ) => <O extends Operation>(operation: O, input: CallInputOf<O>, options?: CallOptions) => Promise<OutputOf<O>>;
  close: () => Promise<void>;
};

type Upgrades = { take: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean };

const listen = async (app: FastifyInstance, upgrades: Upgrades, port: number): Promise<{ url: string; close: () => Promise<void> }> => {
  const server = createServer((request, response) => app.routing(request, response));
  server.on("upgrade", (request, socket, head) => upgrades.take(request, socket, head) || socket.destroy());
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const people = async (): Promise<{ tokens: House["tokens"]; workspaceId: string }> => {
  const { transaction } = await import("#db");
  const { newId } = await import("#lib/kit/ids.ts");
  const { createPerson } = await import("#lib/workspace/people-store.ts");
  const store = await import("#lib/workspace/store.ts");
  const { hashSecret, newSecret } = await import("#lib/workspace/rules.ts");
  const { prepareInstallation } = await import("#lib/workspace/installation.ts");
  const { workspaceId } = await prepareInstallation();
  const at = new Date();
  const enrol = async (name: string, inWorkspace: string, role: Role): Promise<string> => {
    const person = await createPerson({ name, email: `${name}@example.test`, password: `${name}-password` });
    const secret = newSecret("atl");
    await transaction(async (tx) => {
      await store.putMember(tx, { workspaceId: inWorkspace, userId: person.id, role, since: at });
      await store.insertToken(tx, {
        id: newId("token"),
        workspaceId: inWorkspace,
        userId: person.id,
        kind: "api",
        name,
        role,
        secretHash: hashSecret(secret),
        hint: secret.slice(-4),
        createdAt: at,
      });
    });
    return secret;
  };
  const other = newId("workspace");
  await transaction((tx) => store.insertWorkspace(tx, { id: other, slug: "other", name: "other", createdAt: at, createdByToken: null }));
  const tokens = {
    viewer: await enrol("viewer", workspaceId, "viewer"),
    editor: await enrol("editor", workspaceId, "editor"),
    operator: await enrol("operator", workspaceId, "operator"),
    owner: await enrol("owner", workspaceId, "owner"),
    stranger: await enrol("stranger", other, "owner"),
  };
  return { tokens, workspaceId };
};

/** Opens a house; call before importing anything that reads the environment. `kernel` starts a real gateway beside it. */
export const openHouse = async (with_: { kernel?: boolean } = {}): Promise<House> => {
  const home = mkdtempSync(join(tmpdir(), "atelier-house-"));
  const [port, kernelPort] = [await freePort(), await freePort()];
  Object.assign(process.env, {
    ATELIER_HOME: home,
    PORT: String(port),
    ATELIER_WEB_URL: `http://127.0.0.1:${port}`,
    ATELIER_INTERNAL_SECRET: "a-secret-of-this-test",
    ATELIER_KERNEL_PORT: String(kernelPort),
    ATELIER_KERNEL_URL: `http://127.0.0.1:${kernelPort}`,
    ATELIER_SESSION_MEMORY_MB: "1200",
  });
  const { cloneDatabase } = await import("#test/kit/database.ts");
  const database = await cloneDatabase();
  const { openRest } = await import("#lib/boot/rest.ts");
  const { openUpgrades } = await import("#lib/boot/upgrades.ts");
  const { tokens, workspaceId } = await people();
  const { openNewsroom } = await import("#lib/kit/live.ts");
  const newsroom = await openNewsroom();
  const app = await openRest(newsroom);
  const upgrades = openUpgrades();
  const server = await listen(app, upgrades, port);
  const gateway = with_.kernel
    ? await (await import("#kernel/gateway.ts")).openGateway({ port: kernelPort, secret: "a-secret-of-this-test" })
    : null;
  return {
    url: server.url,
    tokens,
    workspaceId,
    as:
      (who) =>
      (operation, input, options = {}) =>
        call(operation, input, { baseUrl: server.url, ...(who === "nobody" ? {} : { token: tokens[who] }), ...options }),
    close: async () => {
      await upgrades.close();
      await server.close();
      await gateway?.close();
      await newsroom.stop();
      await app.close();
      await database.drop();
      rmSync(home, { recursive: true, force: true });
    },
  };
};
