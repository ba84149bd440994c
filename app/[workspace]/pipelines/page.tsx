// The list of pipelines, and the trash behind it.
import { PipelineList } from "#components/pipelines/pipeline-list.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { listPipelines } from "#lib/pipelines/service.ts";
import { visitWorkspace } from "#lib/workspace/visit.ts";

export const metadata = { title: "Pipelines" };

export default async function Page({
  params,
  searchParams,
}: {
  params: Promise<{ workspace: string }>;
  searchParams: Promise<{ trash?: string }>;
}) {
  const { workspace } = await params;
  const isTrash = (await searchParams).trash === "1";
  const { caller, can } = await visitWorkspace(workspace);
  const { items } = await listPipelines(caller, { workspace, limit: 200, trash: isTrash ? "true" : "false" });
  return (
    <Frame
      workspace={workspace}
      person={caller.name}
      room="pipelines"
      crumbs={[{ word: workspace, href: `/${workspace}` }, { word: "Pipelines" }]}
    >
      <PipelineList workspace={workspace} items={items} isTrash={isTrash} can={can} />
    </Frame>
  );
}
