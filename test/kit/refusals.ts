// The refusals every operation owes, asked over real HTTP: 401 without a token, 404 for a stranger, 403 below the needed role, 400 naming
// the field for a malformed body. Use it in a describe block: `refusals(() => house, operation, () => validInput, { minimumRole })`.
import { expect, it } from "vitest";
import type { CallInputOf, Operation } from "#lib/kit/operation.ts";
import { isProblem, type Problem } from "#lib/kit/problem.ts";
import { type Role, roles } from "#lib/workspace/contract.ts";
import type { House } from "#test/kit/house.ts";

/** The Problem an answer was refused with; fails the test when it was not refused. */
export const refusal = async (answer: Promise<unknown>): Promise<Problem> => {
  try {
    await answer;
  } catch (error) {
    if (isProblem(error)) return error;
    throw error;
  }
  throw new Error("Nothing was refused.");
};

type More = { minimumRole: Role; bad?: Record<string, unknown>; body?: BodyInit };

/** Declares the tests of refusal for one operation. */
export const refusals = <O extends Operation>(
  house: () => House,
  operation: O,
  input: () => CallInputOf<O>,
  { minimumRole, bad, body }: More,
): void => {
  const options = body === undefined ? {} : { body };
  it(`${operation.id} is 401 without a token and with a wrong one`, async () => {
    expect((await refusal(house().as("nobody")(operation, input(), options))).status).toBe(401);
    expect((await refusal(house().as("nobody")(operation, input(), { ...options, token: "atl_wrong" }))).status).toBe(401);
  });
  it(`${operation.id} is missing for a stranger`, async () => {
    expect((await refusal(house().as("stranger")(operation, input(), options))).status).toBe(404);
  });
  const below = roles[roles.indexOf(minimumRole) - 1];
  if (below) {
    it(`${operation.id} is forbidden to a ${below}`, async () => {
      expect((await refusal(house().as(below)(operation, input(), options))).status).toBe(403);
    });
  }
  if (bad) {
    it(`${operation.id} names the field of a malformed input`, async () => {
      const problem = await refusal(house().as("owner")(operation, { ...(input() as object), ...bad } as CallInputOf<O>, options));
      expect(problem.status).toBe(400);
      expect(problem.message).toContain(Object.keys(bad)[0]);
    });
  }
};
