// Studies of the workspace.
import { Frame } from "#components/shell/frame.tsx";
import { StudyList } from "#components/tuning/study-list.tsx";
import { listDatasets } from "#lib/datasets/service.ts";
import { listNotebooks } from "#lib/notebooks/service.ts";
import { listStudies } from "#lib/tuning/service.ts";
import { visitWorkspace } from "#lib/workspace/visit.ts";

export const metadata = { title: "Tuning" };

export default async function Page({ params }: { params: Promise<{ workspace: string }> }) {
  const { workspace } = await params;
  const { caller, can } = await visitWorkspace(workspace);
  const [{ items }, datasets, notebooks] = await Promise.all([
    listStudies(caller, { workspace }),
    listDatasets(caller, { workspace, limit: 500 }),
    listNotebooks(caller, { workspace, limit: 200 }),
  ]);
  return (
    <Frame
      workspace={workspace}
      person={caller.name}
      room="tuning"
      crumbs={[{ word: workspace, href: `/${workspace}` }, { word: "Tuning" }]}
    >
      <StudyList
        workspace={workspace}
        items={items}
        datasets={datasets.items.filter((one) => one.latest?.status === "ready").map((one) => one.name)}
        notebooks={notebooks.items.map(({ id, title }) => ({ id, title }))}
        can={can}
      />
    </Frame>
  );
}
