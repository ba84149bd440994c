"use client";
// The list of data sets with an upload that shows its true fraction.
import { useState } from "react";
import { Upload } from "#components/datasets/upload.tsx";
import { useCall } from "#components/hooks/use-call.ts";
import { Live } from "#components/hooks/use-live.ts";
import { PageHead } from "#components/shell/frame.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { Empty } from "#components/ui/empty.tsx";
import { bytes, Time, whole } from "#components/ui/figures.tsx";
import { Icon } from "#components/ui/icon.tsx";
import { State } from "#components/ui/state.tsx";
import { createDataset, type Dataset, deleteDataset, restoreDataset, trashDataset } from "#lib/datasets/contract.ts";

type Props = { workspace: string; items: Dataset[]; isTrash: boolean; can: { write: boolean; own: boolean } };

const nameOf = (file: string): string =>
  file
    .toLowerCase()
    .replace(/\.[a-z]+$/, "")
    .replace(/[^a-z0-9_]+/g, "_")
    .replace(/^[^a-z]+/, "")
    .slice(0, 60) || "table";

const Bring = ({ workspace, onClose }: { workspace: string; onClose: () => void }) => {
  const [file, setFile] = useState<File | null>(null);
  const [name, setName] = useState("");
  const [target, setTarget] = useState<string | null>(null);
  const create = useCall(createDataset);
  const begin = async (): Promise<void> => {
    const made = await create.run({ workspace, name });
    if (made) setTarget(name);
  };
  return (
    <Dialog
      title="Bring data"
      verb={target ? "" : "Upload"}
      isBusy={create.isPending}
      isDisabled={!file || !name}
      problem={create.problem}
      onClose={onClose}
      onVerb={begin}
    >
      {target && file ? (
        <Upload workspace={workspace} dataset={target} file={file} onDone={() => location.assign(`/${workspace}/datasets/${target}`)} />
      ) : (
        <>
          <label className="field">
            <span>File</span>
            <input
              type="file"
              accept=".csv,.tsv,.txt,.parquet"
              style={{ padding: 4 }}
              onChange={(event) => {
                const chosen = event.target.files?.[0] ?? null;
                setFile(chosen);
                if (chosen) setName(nameOf(chosen.name));
              }}
            />
            <small>.csv, .tsv, .txt or .parquet</small>
          </label>
          <label className="field">
            <span>Name</span>
            <input className="mono" value={name} onChange={(event) => setName(event.target.value)} />
            <small>Lower-case letters, digits and _, because SQL uses it.</small>
          </label>
        </>
      )}
    </Dialog>
  );
};

const Facts = ({ one }: { one: Dataset }) => {
  if (!one.latest)
    return (
      <td colSpan={4} className="dim">
        nothing uploaded yet
      </td>
    );
  const { latest } = one;
  return (
    <>
      <td className="num">{latest.number}</td>
      <td className="num">{latest.rowCount === null ? "–" : whole(latest.rowCount)}</td>
      <td className="num">{latest.columnCount ?? "–"}</td>
      <td>
        <State of={latest.status === "ready" ? "done" : latest.status === "failed" ? "failed" : "running"}>
          {latest.status === "ready" ? bytes(latest.size) : latest.status === "failed" ? "Failed" : "Reading"}
        </State>
      </td>
    </>
  );
};

export const DatasetList = ({ workspace, items, isTrash, can }: Props) => {
  const [isBringing, setBringing] = useState(false);
  const trash = useCall(trashDataset);
  const restore = useCall(restoreDataset);
  const remove = useCall(deleteDataset);
  const bring = (
    <button type="button" className="btn primary" onClick={() => setBringing(true)}>
      <Icon name="add" />
      Bring data
    </button>
  );
  return (
    <main className="page">
      <Live workspace={workspace} topics={["dataset.changed"]} />
      <PageHead
        title="Datasets"
        sentence={isTrash ? "In the trash. No cell opens these." : `${items.length} tables, by name in SQL and in cells`}
        actions={can.write && !isTrash ? bring : null}
      />
      <nav className="tabs">
        <a href="?" {...(isTrash ? {} : { "aria-current": "page" as const })}>
          Tables
        </a>
        <a href="?trash=1" {...(isTrash ? { "aria-current": "page" as const } : {})}>
          Trash
        </a>
      </nav>
      {items.length === 0 ? (
        <Empty title={isTrash ? "The trash is empty." : "No data yet."} action={can.write && !isTrash ? bring : null}>
          {isTrash
            ? "What you move here can be restored."
            : "Upload a CSV or Parquet file. It is typed by looking at every value, and nothing is dropped in silence."}
        </Empty>
      ) : (
        <table className="t">
          <thead>
            <tr>
              <th>Name</th>
              <th className="num">Version</th>
              <th className="num">Rows</th>
              <th className="num">Columns</th>
              <th>State</th>
              <th>Changed</th>
              <th>Made by</th>
              <th aria-label="Actions" />
            </tr>
          </thead>
          <tbody>
            {items.map((one) => (
              <tr key={one.id}>
                <td>
                  <a className="name mono" href={`/${workspace}/datasets/${one.name}`}>
                    {one.name}
                  </a>
                </td>
                <Facts one={one} />
                <td>
                  <Time at={one.updatedAt} />
                </td>
                <td className="dim">{one.createdBy}</td>
                <td className="num">
                  {can.write && !isTrash ? (
                    <button type="button" className="btn quiet" onClick={() => trash.run({ workspace, dataset: one.id })}>
                      Trash
                    </button>
                  ) : null}
                  {can.write && isTrash ? (
                    <button type="button" className="btn quiet" onClick={() => restore.run({ workspace, dataset: one.id })}>
                      Restore
                    </button>
                  ) : null}
                  {can.own && isTrash ? (
                    <button type="button" className="btn quiet" onClick={() => remove.run({ workspace, dataset: one.id })}>
                      Delete for good
                    </button>
                  ) : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {isBringing ? <Bring workspace={workspace} onClose={() => setBringing(false)} /> : null}
    </main>
  );
};
