// The workspace room over real HTTP: tokens, roles, invitations, the trail, and that another workspace's things are missing.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as contract from "#lib/workspace/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { refusal, refusals } from "#test/kit/refusals.ts";

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());
const main = { workspace: "main" };

describe("W1 nobody passes without a right", () => {
  refusals(
    () => house,
    contract.readWorkspace,
    () => main,
    { minimumRole: "viewer" },
  );
  refusals(
    () => house,
    contract.createInvitation,
    () => main,
    { minimumRole: "owner", bad: { role: "king" } },
  );
  refusals(
    () => house,
    contract.createToken,
    () => ({ ...main, name: "ci" }),
    { minimumRole: "viewer", bad: { name: "" } },
  );
  refusals(
    () => house,
    contract.readAudit,
    () => main,
    { minimumRole: "owner" },
  );
  refusals(
    () => house,
    contract.changeRole,
    () => ({ ...main, member: "usr_absent0000", role: "viewer" as const }),
    { minimumRole: "owner" },
  );
});

describe("tokens", () => {
  it("W4 a token never reaches wider than its maker", async () => {
    expect((await refusal(house.as("editor")(contract.createToken, { ...main, name: "wide", role: "owner" }))).code).toBe(
      "workspace.wider_token",
    );
    const made = await house.as("editor")(contract.createToken, { ...main, name: "same" });
    expect(made.role).toBe("editor");
    expect(made.token).toMatch(/^atl_/);
  });
  it("W5 a secret is shown once and stops opening anything the moment it is revoked", async () => {
    const made = await house.as("owner")(contract.createToken, { ...main, name: "short" });
    const with_ = { token: made.token };
    await house.as("nobody")(contract.readWorkspace, main, with_);
    expect(JSON.stringify(await house.as("owner")(contract.listTokens, main))).not.toContain(made.token);
    await house.as("owner")(contract.revokeToken, { ...main, token: made.id });
    expect((await refusal(house.as("nobody")(contract.readWorkspace, main, with_))).status).toBe(401);
  });
  it("W6 a workspace made with a token opens to that token for its first token only", async () => {
    const made = await house.as("owner")(contract.createWorkspace, { name: "Second place" });
    expect(made.slug).toBe("second-place");
    const first = await house.as("owner")(contract.createToken, { workspace: made.slug, name: "first" });
    expect((await refusal(house.as("owner")(contract.listMembers, { workspace: made.slug }))).status).toBe(403);
    expect((await house.as("nobody")(contract.listWorkspaces, {}, { token: first.token })).items.map((one) => one.slug)).toEqual([
      "second-place",
    ]);
    expect((await refusal(house.as("nobody")(contract.readWorkspace, main, { token: first.token }))).status).toBe(404);
  });
});

describe("people", () => {
  it("W3 the last owner cannot step down or be removed", async () => {
    const { items } = await house.as("owner")(contract.listMembers, main);
    const owner = items.find((member) => member.role === "owner")!;
    expect((await refusal(house.as("owner")(contract.changeRole, { ...main, member: owner.userId, role: "viewer" }))).code).toBe(
      "workspace.last_owner",
    );
    expect((await refusal(house.as("owner")(contract.removeMember, { ...main, member: owner.userId }))).code).toBe("workspace.last_owner");
  });
  it("W7 an invitation admits one person once, who then signs in with their password", async () => {
    const invited = await house.as("owner")(contract.createInvitation, { ...main, role: "viewer" });
    const person = { code: invited.code, name: "Vera", email: "vera@example.test", password: "a long enough one" };
    expect((await house.as("nobody")(contract.acceptInvitation, person)).workspace).toBe("main");
    expect((await refusal(house.as("nobody")(contract.acceptInvitation, { ...person, email: "w@example.test" }))).code).toBe(
      "workspace.dead_invitation",
    );
    const answer = await fetch(`${house.url}/api/auth/sign-in/email`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: house.url },
      body: JSON.stringify({ email: person.email, password: person.password }),
    });
    expect(answer.status).toBe(200);
    const cookie = answer.headers
      .getSetCookie()
      .map((one) => one.split(";")[0])
      .join("; ");
    const asVera = { headers: { cookie } };
    expect((await house.as("nobody")(contract.readWorkspace, main, asVera)).role).toBe("viewer");
    expect((await refusal(house.as("nobody")(contract.createInvitation, main, asVera))).status).toBe(403);
    expect(
      (await refusal(house.as("nobody")(contract.readWorkspace, main, { headers: { cookie, origin: "http://evil.example" } }))).status,
    ).toBe(401);
  });
  it("W2 every change is in the trail with who made it", async () => {
    await house.as("owner")(contract.renameWorkspace, { ...main, name: "Main room" });
    const { items } = await house.as("owner")(contract.readAudit, { ...main, limit: 5 });
    expect(items[0]).toMatchObject({ action: "workspace.renamed", actor: { kind: "token", name: "owner" }, detail: { to: "Main room" } });
  });
});

describe("the document", () => {
  it("is readable without a token, and every operation in it answers 401 without one", async () => {
    const document = (await (await fetch(`${house.url}/api/v1/openapi.json`)).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { operationId: string }>>;
    };
    expect(document.openapi).toBe("3.1.0");
    const all = Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => ({ path, method })));
    expect(all.length).toBeGreaterThan(20);
    for (const { path, method } of all) {
      const answer = await fetch(house.url + path.replace(/\{\w+\}/g, "x"), { method: method.toUpperCase() });
      expect(`${method} ${path} ${answer.status}`).toBe(`${method} ${path} 401`);
    }
  });
});
