// Starting AutoML on a data set.
import { StartForm } from "#components/automl/start-form.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { listDatasets } from "#lib/datasets/service.ts";
import { visitWorkspace } from "#lib/workspace/visit.ts";

export const metadata = { title: "AutoML" };

type Props = { params: Promise<{ workspace: string }>; searchParams: Promise<{ dataset?: string }> };

export default async function Page({ params, searchParams }: Props) {
  const { workspace } = await params;
  const { caller, can } = await visitWorkspace(workspace);
  const { items } = await listDatasets(caller, { workspace, limit: 500 });
  const names = items.filter((one) => one.latest?.status === "ready").map((one) => one.name);
  const asked = (await searchParams).dataset;
  const crumbs = [
    { word: workspace, href: `/${workspace}` },
    { word: "Experiments", href: `/${workspace}/experiments` },
    { word: "AutoML" },
  ];
  return (
    <Frame workspace={workspace} person={caller.name} room="experiments" crumbs={crumbs}>
      <StartForm
        workspace={workspace}
        datasets={names}
        chosen={names.find((one) => one === asked) ?? names[0] ?? ""}
        canRun={can.run && can.write}
      />
    </Frame>
  );
}
