// The list of experiments.
import { ExperimentList } from "#components/experiments/experiment-list.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { listExperiments } from "#lib/experiments/service.ts";
import { visitWorkspace } from "#lib/workspace/visit.ts";

export const metadata = { title: "Experiments" };

export default async function Page({ params }: { params: Promise<{ workspace: string }> }) {
  const { workspace } = await params;
  const { caller } = await visitWorkspace(workspace);
  const { items } = await listExperiments(caller, { workspace });
  return (
    <Frame
      workspace={workspace}
      person={caller.name}
      room="experiments"
      crumbs={[{ word: workspace, href: `/${workspace}` }, { word: "Experiments" }]}
    >
      <ExperimentList workspace={workspace} items={items} />
    </Frame>
  );
}
