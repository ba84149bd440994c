// The list of endpoints, and those that were stopped.
import { EndpointList } from "#components/serving/endpoint-list.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { listModels } from "#lib/models/service.ts";
import { listMonitors } from "#lib/monitoring/service.ts";
import { listEndpoints } from "#lib/serving/service.ts";
import { visitWorkspace } from "#lib/workspace/visit.ts";

export const metadata = { title: "Serving" };

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
  const [{ items }, monitors, models] = await Promise.all([
    listEndpoints(caller, { workspace, limit: 200, trash: isTrash ? "true" : "false" }),
    listMonitors(caller, { workspace, range: "24h" }),
    listModels(caller, { workspace }),
  ]);
  return (
    <Frame
      workspace={workspace}
      person={caller.name}
      room="serving"
      crumbs={[{ word: workspace, href: `/${workspace}` }, { word: "Serving" }]}
    >
      <EndpointList workspace={workspace} items={items} monitors={monitors.items} models={models.items} isTrash={isTrash} can={can} />
    </Frame>
  );
}
