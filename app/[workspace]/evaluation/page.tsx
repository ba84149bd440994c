// Suites of the workspace.
import { SuiteList } from "#components/evaluation/suite-list.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { listDatasets } from "#lib/datasets/service.ts";
import { listSuites } from "#lib/evaluation/service.ts";
import { listModels } from "#lib/models/service.ts";
import { visitWorkspace } from "#lib/workspace/visit.ts";

export const metadata = { title: "Evaluation" };

export default async function Page({ params }: { params: Promise<{ workspace: string }> }) {
  const { workspace } = await params;
  const { caller, can } = await visitWorkspace(workspace);
  const [suites, models, datasets] = await Promise.all([
    listSuites(caller, { workspace }),
    listModels(caller, { workspace }),
    listDatasets(caller, { workspace, limit: 500 }),
  ]);
  return (
    <Frame
      workspace={workspace}
      person={caller.name}
      room="evaluation"
      crumbs={[{ word: workspace, href: `/${workspace}` }, { word: "Evaluation" }]}
    >
      <SuiteList
        workspace={workspace}
        items={suites.items}
        models={models.items}
        datasets={datasets.items.filter((one) => one.latest?.status === "ready").map((one) => one.name)}
        canWrite={can.write}
      />
    </Frame>
  );
}
