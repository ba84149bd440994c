// Settings of a workspace: people, invitations, tokens, the trail.
import { Settings } from "#components/settings/settings.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { listKernelServers } from "#lib/sessions/remote/service.ts";
import { listInvitations, listMembers, listTokens, readAudit } from "#lib/workspace/service.ts";
import { visitWorkspace } from "#lib/workspace/visit.ts";

export const metadata = { title: "Settings" };

export default async function Page({
  params,
  searchParams,
}: {
  params: Promise<{ workspace: string }>;
  searchParams: Promise<{ after?: string }>;
}) {
  const { workspace } = await params;
  const { after } = await searchParams;
  const { caller, can, role } = await visitWorkspace(workspace);
  const [members, tokens, servers, invitations, trail] = await Promise.all([
    listMembers(caller, { workspace }),
    listTokens(caller, { workspace }),
    listKernelServers(caller, { workspace }),
    can.own ? listInvitations(caller, { workspace }) : { items: [] },
    can.own ? readAudit(caller, { workspace, limit: 30, ...(after ? { after } : {}) }) : { items: [] },
  ]);
  return (
    <Frame
      workspace={workspace}
      person={caller.name}
      room="settings"
      crumbs={[{ word: workspace, href: `/${workspace}` }, { word: "Settings" }]}
    >
      <Settings
        workspace={workspace}
        me={caller.id}
        role={role}
        canOwn={can.own}
        members={members.items}
        tokens={tokens.items}
        servers={servers.items}
        invitations={invitations.items}
        trail={trail}
      />
    </Frame>
  );
}
