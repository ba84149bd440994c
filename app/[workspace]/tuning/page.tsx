// Studies of the workspace.
import { Frame } from "#components/shell/frame.tsx";
import { StudyList } from "#components/tuning/study-list.tsx";
import { listStudies } from "#lib/tuning/service.ts";
import { visitWorkspace } from "#lib/workspace/visit.ts";

export const metadata = { title: "Tuning" };

export default async function Page({ params }: { params: Promise<{ workspace: string }> }) {
  const { workspace } = await params;
  const { caller } = await visitWorkspace(workspace);
  const { items } = await listStudies(caller, { workspace });
  return (
    <Frame
      workspace={workspace}
      person={caller.name}
      room="tuning"
      crumbs={[{ word: workspace, href: `/${workspace}` }, { word: "Tuning" }]}
    >
      <StudyList workspace={workspace} items={items} />
    </Frame>
  );
}
