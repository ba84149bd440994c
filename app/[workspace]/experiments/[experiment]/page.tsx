// One experiment: its runs with parameters, metrics and curves.
import { notFound } from "next/navigation";
import { RunTable } from "#components/experiments/run-table.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { listExperiments, listRuns, metricHistory } from "#lib/experiments/service.ts";
import { visitWorkspace } from "#lib/workspace/visit.ts";

const curved = 40;

export default async function Page({
  params,
  searchParams,
}: {
  params: Promise<{ workspace: string; experiment: string }>;
  searchParams: Promise<{ sort?: string }>;
}) {
  const { workspace, experiment } = await params;
  const sort = (await searchParams).sort ?? "started";
  const { caller } = await visitWorkspace(workspace);
  const found = (await listExperiments(caller, { workspace })).items.find((one) => one.id === experiment);
  if (!found) notFound();
  const { items } = await listRuns(caller, { workspace, experiment, sort, limit: 200 });
  const curves = await Promise.all(
    items.slice(0, curved).map(async (run) => [run.id, (await metricHistory(caller, { workspace, run: run.id })).curves] as const),
  );
  return (
    <Frame
      workspace={workspace}
      person={caller.name}
      room="experiments"
      crumbs={[
        { word: workspace, href: `/${workspace}` },
        { word: "Experiments", href: `/${workspace}/experiments` },
        { word: found.name },
      ]}
    >
      <RunTable workspace={workspace} experiment={found} runs={items} curves={Object.fromEntries(curves)} sort={sort} />
    </Frame>
  );
}
