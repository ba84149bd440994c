// One data set: its newest version with profile, preview and what reading had to do.
import { DatasetPage } from "#components/datasets/dataset-page.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { readDataset, readVersion } from "#lib/datasets/service.ts";
import { orNotFound, visitWorkspace } from "#lib/workspace/visit.ts";

export default async function Page({
  params,
  searchParams,
}: {
  params: Promise<{ workspace: string; dataset: string }>;
  searchParams: Promise<{ version?: string }>;
}) {
  const { workspace, dataset } = await params;
  const { caller, can } = await visitWorkspace(workspace);
  const found = await orNotFound(readDataset(caller, { workspace, dataset }));
  const wanted = (await searchParams).version ?? String(found.latest?.number ?? "latest");
  const version = found.latest ? await orNotFound(readVersion(caller, { workspace, dataset, version: wanted })) : null;
  return (
    <Frame
      workspace={workspace}
      person={caller.name}
      room="datasets"
      crumbs={[{ word: workspace, href: `/${workspace}` }, { word: "Datasets", href: `/${workspace}/datasets` }, { word: found.name }]}
    >
      <DatasetPage workspace={workspace} dataset={found} version={version} canWrite={can.write} />
    </Frame>
  );
}
