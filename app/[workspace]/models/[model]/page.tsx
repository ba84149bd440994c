// One model with its versions.
import { ModelPage } from "#components/models/model-page.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { readModel } from "#lib/models/service.ts";
import { orNotFound, visitWorkspace } from "#lib/workspace/visit.ts";

export default async function Page({ params }: { params: Promise<{ workspace: string; model: string }> }) {
  const { workspace, model } = await params;
  const { caller, can } = await visitWorkspace(workspace);
  const found = await orNotFound(readModel(caller, { workspace, model }));
  return (
    <Frame
      workspace={workspace}
      person={caller.name}
      room="models"
      crumbs={[{ word: workspace, href: `/${workspace}` }, { word: "Models", href: `/${workspace}/models` }, { word: found.name }]}
    >
      <ModelPage workspace={workspace} model={found} canOperate={can.operate} />
    </Frame>
  );
}
