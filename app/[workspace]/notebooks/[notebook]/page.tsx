// One notebook: its cells and outputs as stored, handed to the page that goes on live.
import { NotebookPage } from "#components/notebook/notebook-page.tsx";
import { readNotebook } from "#lib/notebooks/service.ts";
import { readKernel } from "#lib/sessions/remote/service.ts";
import { readOutputs } from "#lib/sessions/service.ts";
import { orNotFound, visitWorkspace } from "#lib/workspace/visit.ts";

export default async function Page({ params }: { params: Promise<{ workspace: string; notebook: string }> }) {
  const { workspace, notebook } = await params;
  const { caller, can } = await visitWorkspace(workspace);
  const [found, outputs, kernel] = await Promise.all([
    orNotFound(readNotebook(caller, { workspace, notebook })),
    orNotFound(readOutputs(caller, { workspace, notebook })),
    orNotFound(readKernel(caller, { workspace, notebook })),
  ]);
  return (
    <NotebookPage
      workspace={workspace}
      person={caller.name}
      personId={caller.userId}
      can={can}
      kernel={kernel}
      notebook={found}
      outputs={outputs as never}
    />
  );
}
