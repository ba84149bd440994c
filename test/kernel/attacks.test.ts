// Every attack is kept out by the walls. Its sister file runs the same list without walls, where each one reaches its aim.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attack, attacks, type Ground, openGround } from "#test/kernel/attacks.ts";

const { canSandbox } = await import("#kernel/sandbox/sandbox.ts");

describe.skipIf(!canSandbox())("with walls (bubblewrap works here)", () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await openGround();
  });
  afterAll(() => ground.close());
  it("the sessions are walled", () => expect(ground.victim.model.atelier.sandboxed).toBe(true));
  it.each(attacks)("whoever $name is kept out, and the session beside is untouched", async (one) => {
    expect(await attack(ground, one)).toBe("kept out");
    expect((await ground.victim.run("mine")).text).toBe("'untouched'");
  });
});
