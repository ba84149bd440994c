// The machines that run sessions.
import { Machines } from "#components/devices/machines.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { listDevices, listLeases, listMachines } from "#lib/devices/service.ts";
import { visitWorkspace } from "#lib/workspace/visit.ts";

export const metadata = { title: "Machines" };

export default async function Page({ params }: { params: Promise<{ workspace: string }> }) {
  const { workspace } = await params;
  const { caller, can } = await visitWorkspace(workspace);
  const [machines, devices, leases] = await Promise.all([
    listMachines(caller, { workspace }),
    listDevices(caller, { workspace }),
    listLeases(caller, { workspace }),
  ]);
  return (
    <Frame
      workspace={workspace}
      person={caller.name}
      room="settings"
      crumbs={[{ word: workspace, href: `/${workspace}` }, { word: "Settings", href: `/${workspace}/settings` }, { word: "Machines" }]}
    >
      <Machines
        workspace={workspace}
        canDecide={can.own && workspace === "main"}
        machines={machines.items}
        devices={devices.items}
        leases={leases.items}
      />
    </Frame>
  );
}
