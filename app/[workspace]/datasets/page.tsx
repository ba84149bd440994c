// The list of data sets.
import { DatasetList } from "#components/datasets/dataset-list.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { listDatasets } from "#lib/datasets/service.ts";
import { visitWorkspace } from "#lib/workspace/visit.ts";

export const metadata = { title: "Datasets" };

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
  const { items } = await listDatasets(caller, { workspace, limit: 200, trash: isTrash ? "true" : "false" });
  return (
    <Frame
      workspace={workspace}
      person={caller.name}
      room="datasets"
      crumbs={[{ word: workspace, href: `/${workspace}` }, { word: "Datasets" }]}
    >
      <DatasetList workspace={workspace} items={items} isTrash={isTrash} can={can} />
    </Frame>
  );
}
