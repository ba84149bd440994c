// Home: the line of work, where to start, what is there, and whether the house is well.

import { Frame } from "#components/shell/frame.tsx";
import { Home } from "#components/shell/home.tsx";
import { health } from "#lib/boot/health.ts";
import { listNotebooks } from "#lib/notebooks/service.ts";
import { listMembers } from "#lib/workspace/service.ts";
import { visitWorkspace } from "#lib/workspace/visit.ts";

export default async function Page({ params }: { params: Promise<{ workspace: string }> }) {
  const { workspace } = await params;
  const { caller, can, place } = await visitWorkspace(workspace);
  const [state, notebooks, members] = await Promise.all([
    health(),
    listNotebooks(caller, { workspace, limit: 6 }),
    listMembers(caller, { workspace }),
  ]);
  return (
    <Frame workspace={workspace} person={caller.name} crumbs={[{ word: place.name }]}>
      <Home
        workspace={workspace}
        person={caller.name}
        canWrite={can.write}
        canInvite={can.own}
        health={state}
        notebooks={notebooks.items}
        memberCount={members.items.length}
      />
    </Frame>
  );
}
