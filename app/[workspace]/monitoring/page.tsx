// What every endpoint answered, and which of their features have drifted.
import { MonitorList } from "#components/monitoring/monitor-list.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { ranges } from "#lib/monitoring/contract.ts";
import { listMonitors } from "#lib/monitoring/service.ts";
import { visitWorkspace } from "#lib/workspace/visit.ts";

export const metadata = { title: "Monitoring" };

export default async function Page({
  params,
  searchParams,
}: {
  params: Promise<{ workspace: string }>;
  searchParams: Promise<{ range?: string }>;
}) {
  const { workspace } = await params;
  const asked = (await searchParams).range;
  const range = ranges.find((one) => one === asked) ?? "24h";
  const { caller } = await visitWorkspace(workspace);
  const { items } = await listMonitors(caller, { workspace, range });
  return (
    <Frame
      workspace={workspace}
      person={caller.name}
      room="monitoring"
      crumbs={[{ word: workspace, href: `/${workspace}` }, { word: "Monitoring" }]}
    >
      <MonitorList workspace={workspace} items={items} range={range} />
    </Frame>
  );
}
