// The page behind an invitation link.
import { headers } from "next/headers";
import { Invitation, InvitationOver } from "#components/welcome/doors.tsx";
import { nobody } from "#lib/kit/verb.ts";
import { personCaller } from "#lib/workspace/authority.ts";
import { readInvitation } from "#lib/workspace/service.ts";

export const metadata = { title: "Invitation" };

export default async function Page({ searchParams }: { searchParams: Promise<{ code?: string }> }) {
  const code = (await searchParams).code ?? "";
  const found = await readInvitation(nobody, { code: code || "none" }).catch(() => null);
  if (!found) return <InvitationOver />;
  const caller = await personCaller(await headers());
  return <Invitation code={code} to={found.workspace} role={found.role} by={found.invitedBy} isSignedIn={caller.kind === "person"} />;
}
