// What sessions used, and who holds the devices.
import { CostsPage } from "#components/costs/costs-page.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { costRanges } from "#lib/costs/contract.ts";
import { readUsage } from "#lib/costs/service.ts";
import { listDevices, listLeases } from "#lib/devices/service.ts";
import { visitWorkspace } from "#lib/workspace/visit.ts";

export const metadata = { title: "Costs" };

export default async function Page({
  params,
  searchParams,
}: {
  params: Promise<{ workspace: string }>;
  searchParams: Promise<{ range?: string }>;
}) {
  const { workspace } = await params;
  const asked = (await searchParams).range;
  const range = costRanges.find((one) => one === asked) ?? "30d";
  const { caller } = await visitWorkspace(workspace);
  const [usage, devices, leases] = await Promise.all([
    readUsage(caller, { workspace, range }),
    listDevices(caller, { workspace }),
    listLeases(caller, { workspace }),
  ]);
  return (
    <Frame workspace={workspace} person={caller.name} room="costs" crumbs={[{ word: workspace, href: `/${workspace}` }, { word: "Costs" }]}>
      <CostsPage workspace={workspace} range={range} usage={usage} devices={devices.items} leases={leases.items} />
    </Frame>
  );
}
