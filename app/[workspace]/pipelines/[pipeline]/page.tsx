// One pipeline: its stages, its last thirty runs, and the log of the stage somebody looks at.
import { PipelinePage } from "#components/pipelines/pipeline-page.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { readPipeline } from "#lib/pipelines/service.ts";
import { orNotFound, visitWorkspace } from "#lib/workspace/visit.ts";

export default async function Page({ params }: { params: Promise<{ workspace: string; pipeline: string }> }) {
  const { workspace, pipeline } = await params;
  const { caller, can } = await visitWorkspace(workspace);
  const found = await orNotFound(readPipeline(caller, { workspace, pipeline: decodeURIComponent(pipeline) }));
  return (
    <Frame
      workspace={workspace}
      person={caller.name}
      room="pipelines"
      crumbs={[{ word: workspace, href: `/${workspace}` }, { word: "Pipelines", href: `/${workspace}/pipelines` }, { word: found.name }]}
    >
      <PipelinePage workspace={workspace} pipeline={found} can={can} readAt={Date.now()} />
    </Frame>
  );
}
