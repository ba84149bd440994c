// One run: facts, curves, artefacts, log, and where it came from.
import { RunPage } from "#components/experiments/run-page.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { metricHistory, readLog, readRun } from "#lib/experiments/service.ts";
import { orNotFound, visitWorkspace } from "#lib/workspace/visit.ts";

export default async function Page({ params }: { params: Promise<{ workspace: string; run: string }> }) {
  const { workspace, run } = await params;
  const { caller } = await visitWorkspace(workspace);
  const found = await orNotFound(readRun(caller, { workspace, run }));
  const [{ curves }, log] = await Promise.all([metricHistory(caller, { workspace, run }), readLog(caller, { workspace, run })]);
  const crumbs = [
    { word: workspace, href: `/${workspace}` },
    { word: "Experiments", href: `/${workspace}/experiments` },
    { word: found.experiment.name, href: `/${workspace}/experiments/${found.experiment.id}` },
    { word: `Run ${found.number}` },
  ];
  return (
    <Frame workspace={workspace} person={caller.name} room="experiments" crumbs={crumbs}>
      <RunPage workspace={workspace} run={found} curves={curves} log={log.items} />
    </Frame>
  );
}
