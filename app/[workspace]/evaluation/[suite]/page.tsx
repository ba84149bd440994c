// One suite with its evaluations.
import { SuitePage } from "#components/evaluation/suite-page.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { listDatasets } from "#lib/datasets/service.ts";
import { readSuite } from "#lib/evaluation/service.ts";
import { listModels } from "#lib/models/service.ts";
import { orNotFound, visitWorkspace } from "#lib/workspace/visit.ts";

export default async function Page({ params }: { params: Promise<{ workspace: string; suite: string }> }) {
  const { workspace, suite } = await params;
  const { caller, can } = await visitWorkspace(workspace);
  const found = await orNotFound(readSuite(caller, { workspace, suite }));
  const [models, datasets] = [await listModels(caller, { workspace }), await listDatasets(caller, { workspace, limit: 500 })];
  const crumbs = [
    { word: workspace, href: `/${workspace}` },
    { word: "Evaluation", href: `/${workspace}/evaluation` },
    { word: found.name },
  ];
  return (
    <Frame workspace={workspace} person={caller.name} room="evaluation" crumbs={crumbs}>
      <SuitePage
        workspace={workspace}
        suite={found}
        models={models.items}
        datasets={datasets.items.map((one) => one.name)}
        canWrite={can.write}
        canRun={can.run}
      />
    </Frame>
  );
}
