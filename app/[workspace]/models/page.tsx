// The list of registered models.
import { ModelList } from "#components/models/model-list.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { listModels } from "#lib/models/service.ts";
import { visitWorkspace } from "#lib/workspace/visit.ts";

export const metadata = { title: "Models" };

export default async function Page({ params }: { params: Promise<{ workspace: string }> }) {
  const { workspace } = await params;
  const { caller } = await visitWorkspace(workspace);
  const { items } = await listModels(caller, { workspace });
  return (
    <Frame
      workspace={workspace}
      person={caller.name}
      room="models"
      crumbs={[{ word: workspace, href: `/${workspace}` }, { word: "Models" }]}
    >
      <ModelList workspace={workspace} items={items} />
    </Frame>
  );
}
