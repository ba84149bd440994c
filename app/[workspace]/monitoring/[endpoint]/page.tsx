// One endpoint watched: traffic, latency, errors, drift, and what happened, over the range somebody chose.
import { MonitorView } from "#components/monitoring/monitor-view.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { ranges } from "#lib/monitoring/contract.ts";
import { readMonitor } from "#lib/monitoring/service.ts";
import { orNotFound, visitWorkspace } from "#lib/workspace/visit.ts";

export default async function Page({
  params,
  searchParams,
}: {
  params: Promise<{ workspace: string; endpoint: string }>;
  searchParams: Promise<{ range?: string }>;
}) {
  const { workspace, endpoint } = await params;
  const asked = (await searchParams).range;
  const range = ranges.find((one) => one === asked) ?? "1h";
  const { caller } = await visitWorkspace(workspace);
  const monitor = await orNotFound(readMonitor(caller, { workspace, endpoint, range }));
  return (
    <Frame
      workspace={workspace}
      person={caller.name}
      room="monitoring"
      crumbs={[
        { word: workspace, href: `/${workspace}` },
        { word: "Monitoring", href: `/${workspace}/monitoring` },
        { word: monitor.endpoint },
      ]}
    >
      <MonitorView workspace={workspace} monitor={monitor} />
    </Frame>
  );
}
