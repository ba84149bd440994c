"use client";
// The list of notebooks: rename, trash, restore, delete for good.
import { useState } from "react";
import { useCall } from "#components/hooks/use-call.ts";
import { Live } from "#components/hooks/use-live.ts";
import { NewNotebook } from "#components/notebook/new-notebook.tsx";
import { PageHead } from "#components/shell/frame.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { Empty } from "#components/ui/empty.tsx";
import { Time } from "#components/ui/figures.tsx";
import { useToast } from "#components/ui/toast.tsx";
import { deleteNotebook, type Notebook, renameNotebook, restoreNotebook, trashNotebook } from "#lib/notebooks/contract.ts";

type Can = { write: boolean; own: boolean };
type Props = { workspace: string; items: Notebook[]; isTrash: boolean; can: Can };

const Rename = ({ workspace, notebook, onClose }: { workspace: string; notebook: Notebook; onClose: () => void }) => {
  const [title, setTitle] = useState(notebook.title);
  const rename = useCall(renameNotebook);
  return (
    <Dialog
      title={`Rename ${notebook.title}`}
      verb="Rename"
      isBusy={rename.isPending}
      isDisabled={!title.trim()}
      problem={rename.problem}
      onClose={onClose}
      onVerb={async () => (await rename.run({ workspace, notebook: notebook.id, title })) && onClose()}
    >
      <label className="field">
        <span>Title</span>
        <input value={title} onChange={(event) => setTitle(event.target.value)} />
      </label>
    </Dialog>
  );
};

const Delete = ({ workspace, notebook, onClose }: { workspace: string; notebook: Notebook; onClose: () => void }) => {
  const [typed, setTyped] = useState("");
  const remove = useCall(deleteNotebook);
  return (
    <Dialog
      title={`Delete ${notebook.title} for good?`}
      verb="Delete for good"
      safe="Keep it"
      isBusy={remove.isPending}
      isDisabled={typed !== notebook.title}
      problem={remove.problem}
      onClose={onClose}
      onVerb={async () => (await remove.run({ workspace, notebook: notebook.id })) && onClose()}
    >
      <p>Its text, history and outputs go. Stages and models made from it keep their own copy of the text.</p>
      <label className="field">
        <span>Type its title to go on</span>
        <input value={typed} onChange={(event) => setTyped(event.target.value)} />
      </label>
    </Dialog>
  );
};

export const NotebookList = ({ workspace, items, isTrash, can }: Props) => {
  const [dialog, setDialog] = useState<{ kind: "rename" | "delete"; notebook: Notebook } | null>(null);
  const trash = useCall(trashNotebook);
  const restore = useCall(restoreNotebook);
  const say = useToast();
  const toTrash = async (one: Notebook): Promise<void> => {
    if (await trash.run({ workspace, notebook: one.id }))
      say({
        text: `${one.title} is in the trash.`,
        action: { label: "Take back", run: () => void restore.run({ workspace, notebook: one.id }) },
      });
  };
  return (
    <main className="page">
      <Live workspace={workspace} topics={["notebook.changed"]} />
      <PageHead
        title="Notebooks"
        sentence={isTrash ? "In the trash. Nothing here runs." : `${items.length} in this workspace`}
        actions={can.write && !isTrash ? <NewNotebook workspace={workspace} /> : null}
      />
      <nav className="tabs">
        <a href="?" {...(isTrash ? {} : { "aria-current": "page" as const })}>
          Notebooks
        </a>
        <a href="?trash=1" {...(isTrash ? { "aria-current": "page" as const } : {})}>
          Trash
        </a>
      </nav>
      {items.length === 0 ? (
        isTrash ? (
          <Empty title="The trash is empty.">What you move here can be restored until somebody deletes it for good.</Empty>
        ) : (
          <Empty title="No notebook yet." action={can.write ? <NewNotebook workspace={workspace} /> : null}>
            A notebook is ready in about a second, and everybody here can write in it at once.
          </Empty>
        )
      ) : (
        <table className="t">
          <thead>
            <tr>
              <th>Title</th>
              <th className="num">Cells</th>
              <th className="num">Revision</th>
              <th>Changed</th>
              <th>By</th>
              <th>Made by</th>
              <th aria-label="Actions" />
            </tr>
          </thead>
          <tbody>
            {items.map((one) => (
              <tr key={one.id}>
                <td>
                  <a className="name" href={`/${workspace}/notebooks/${one.id}`}>
                    {one.title}
                  </a>
                </td>
                <td className="num">{one.cellCount}</td>
                <td className="num">{one.revision}</td>
                <td>
                  <Time at={one.updatedAt} />
                </td>
                <td>{one.updatedBy ?? "–"}</td>
                <td className="dim">{one.createdBy}</td>
                <td className="num">
                  {can.write && !isTrash ? (
                    <>
                      <button type="button" className="btn quiet" onClick={() => setDialog({ kind: "rename", notebook: one })}>
                        Rename
                      </button>
                      <button type="button" className="btn quiet" onClick={() => toTrash(one)}>
                        Trash
                      </button>
                    </>
                  ) : null}
                  {can.write && isTrash ? (
                    <button type="button" className="btn quiet" onClick={() => restore.run({ workspace, notebook: one.id })}>
                      Restore
                    </button>
                  ) : null}
                  {can.own && isTrash ? (
                    <button type="button" className="btn quiet" onClick={() => setDialog({ kind: "delete", notebook: one })}>
                      Delete for good
                    </button>
                  ) : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {dialog?.kind === "rename" ? <Rename workspace={workspace} notebook={dialog.notebook} onClose={() => setDialog(null)} /> : null}
      {dialog?.kind === "delete" ? <Delete workspace={workspace} notebook={dialog.notebook} onClose={() => setDialog(null)} /> : null}
    </main>
  );
};
