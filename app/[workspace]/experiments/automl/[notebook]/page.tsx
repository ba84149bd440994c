// AutoML under way: what its notebook has said so far.
import { AutoPage } from "#components/automl/auto-page.tsx";
import { stateOf } from "#components/automl/state.ts";
import { Frame } from "#components/shell/frame.tsx";
import { readNotebook } from "#lib/notebooks/service.ts";
import { readOutputs } from "#lib/sessions/service.ts";
import { orNotFound, visitWorkspace } from "#lib/workspace/visit.ts";

export default async function Page({ params }: { params: Promise<{ workspace: string; notebook: string }> }) {
  const { workspace, notebook } = await params;
  const { caller, can } = await visitWorkspace(workspace);
  const found = await orNotFound(readNotebook(caller, { workspace, notebook }));
  const told = await readOutputs(caller, { workspace, notebook });
  const crumbs = [
    { word: workspace, href: `/${workspace}` },
    { word: "Experiments", href: `/${workspace}/experiments` },
    { word: "AutoML", href: `/${workspace}/experiments/automl` },
    { word: found.title },
  ];
  return (
    <Frame workspace={workspace} person={caller.name} room="experiments" crumbs={crumbs}>
      <AutoPage workspace={workspace} state={stateOf(workspace, found, told)} canRun={can.run} />
    </Frame>
  );
}
