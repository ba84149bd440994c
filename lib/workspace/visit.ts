// For pages: who is looking. Redirects to sign-in instead of throwing, and turns "missing" into the not-found page.
import { headers } from "next/headers";
import { notFound, redirect } from "next/navigation";
import { isProblem } from "#lib/kit/problem.ts";
import type { Caller, Place } from "#lib/kit/verb.ts";
import { authority, personCaller } from "#lib/workspace/authority.ts";
import type { Role } from "#lib/workspace/contract.ts";

/** The signed-in caller of the page being rendered, or a redirect to the sign-in page. */
export const visit = async (): Promise<Caller> => {
  const caller = await personCaller(await headers());
  if (caller.kind === "nobody") redirect("/sign-in");
  return caller;
};

export type Visit = { caller: Caller; place: Place; role: Role; can: { write: boolean; run: boolean; operate: boolean; own: boolean } };

/** The caller in a workspace with what they may do there; the not-found page for anybody else. */
export const visitWorkspace = async (slug: string): Promise<Visit> => {
  const caller = await visit();
  const place = await authority(caller, slug);
  if (!place) notFound();
  const { grants } = place;
  return {
    caller,
    place,
    role: place.role as Role,
    can: { write: grants.has("write"), run: grants.has("run"), operate: grants.has("operate"), own: grants.has("own") },
  };
};

/** Awaits a verb for a page; an object that is missing shows the not-found page instead of an error. */
export const orNotFound = async <T>(answer: Promise<T>): Promise<T> => {
  try {
    return await answer;
  } catch (error) {
    if (isProblem(error) && error.kind === "missing") notFound();
    throw error;
  }
};
