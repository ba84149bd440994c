// The list of notebooks, and the trash behind it.
import { NotebookList } from "#components/notebook/notebook-list.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { listNotebooks } from "#lib/notebooks/service.ts";
import { visitWorkspace } from "#lib/workspace/visit.ts";

export const metadata = { title: "Notebooks" };

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
  const { items } = await listNotebooks(caller, { workspace, limit: 200, trash: isTrash ? "true" : "false" });
  return (
    <Frame
      workspace={workspace}
      person={caller.name}
      room="notebooks"
      crumbs={[{ word: workspace, href: `/${workspace}` }, { word: "Notebooks" }]}
    >
      <NotebookList workspace={workspace} items={items} isTrash={isTrash} can={can} />
    </Frame>
  );
}
