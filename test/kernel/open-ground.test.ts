// The same attacks without walls: the gateway finds no bubblewrap on its path, as on a machine that has none. Each attack reaches its aim here,
// which proves that attacks.test.ts measures the walls and nothing else.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attack, attacks, type Ground, openGround } from "#test/kernel/attacks.ts";

process.env.PATH = "/nowhere";

describe("without walls", () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await openGround();
  });
  afterAll(() => ground.close());
  it("the sessions say that they are not walled", () => expect(ground.victim.model.atelier.sandboxed).toBe(false));
  it.each(attacks)("whoever $name reaches it", async (one) => {
    expect(await attack(ground, one)).toBe("reached");
  });
});
