"use client";
// A data set as people look at it: facts, columns with their shape, the first rows, and the report of reading.
import { type ReactNode, useRef, useState } from "react";
import { Upload } from "#components/datasets/upload.tsx";
import { Live } from "#components/hooks/use-live.ts";
import { PageHead } from "#components/shell/frame.tsx";
import { Empty } from "#components/ui/empty.tsx";
import { Bars, bytes, metric, Parts, Time, whole } from "#components/ui/figures.tsx";
import { State } from "#components/ui/state.tsx";
import type { Column, Dataset, Report, Version } from "#lib/datasets/contract.ts";
import "#components/datasets/datasets.css";

type Full = Dataset & {
  versions: {
    id: string;
    number: number;
    status: string;
    rowCount: number | null;
    size: number;
    createdBy: string;
    createdAt: string;
    fileName: string;
  }[];
};

const look = (column: Column, rows: number): { picture: ReactNode; fact: string } => {
  if (column.histogram)
    return { picture: <Bars heights={column.histogram.counts} />, fact: `${metric(Number(column.min))} – ${metric(Number(column.max))}` };
  const levels = column.levels ?? [];
  if (levels.length > 0) {
    const last = levels.at(-1)!;
    const fact =
      levels.length === 2 ? `${last.value} ${((100 * last.count) / Math.max(1, rows)).toFixed(1)} %` : `${whole(column.distinct)} values`;
    return { picture: <Parts shares={levels.slice(0, 5).map((level) => level.count / Math.max(1, rows))} />, fact };
  }
  return { picture: null, fact: column.min === null ? "empty" : `${String(column.min).slice(0, 10)} – ${String(column.max).slice(0, 10)}` };
};

const isNumber = (column: Column): boolean => column.type === "number" || column.type === "integer";

/** The first rows under heads that carry name, shape and one fact. */
const Preview = ({ columns, rows, total }: { columns: Column[]; rows: unknown[][]; total: number }) => (
  <div className="wide preview">
    <table className="t compact">
      <thead>
        <tr>
          {columns.map((column) => {
            const { picture, fact } = look(column, total);
            return (
              <th key={column.name} className={isNumber(column) ? "num" : ""}>
                <span className="mono">{column.name}</span>
                {picture}
                <span>{fact}</span>
              </th>
            );
          })}
        </tr>
      </thead>
      <tbody>
        {rows.slice(0, 20).map((cells, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity
          <tr key={i}>
            {columns.map((column, j) => (
              <td key={column.name} className={isNumber(column) ? "num" : ""}>
                {cells[j] === null ? (
                  <span className="dim">–</span>
                ) : typeof cells[j] === "number" ? (
                  whole(cells[j] as number)
                ) : (
                  String(cells[j]).slice(0, 60)
                )}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

const Profile = ({ columns, rows }: { columns: Column[]; rows: number }) => (
  <table className="t compact">
    <thead>
      <tr>
        <th>Column</th>
        <th>Type</th>
        <th>Shape</th>
        <th className="num">Missing</th>
        <th className="num">Distinct</th>
        <th className="num">Least</th>
        <th className="num">Median</th>
        <th className="num">Mean</th>
        <th className="num">Greatest</th>
        <th>Most frequent</th>
      </tr>
    </thead>
    <tbody>
      {columns.map((column) => (
        <tr key={column.name}>
          <td className="mono strong">{column.name}</td>
          <td className="dim">{column.type}</td>
          <td>{look(column, rows).picture}</td>
          <td className="num">
            {column.nulls === 0 ? <span className="dim">0</span> : `${((100 * column.nulls) / Math.max(1, rows)).toFixed(1)} %`}
          </td>
          <td className="num">{whole(column.distinct)}</td>
          <td className="num">{isNumber(column) && column.min !== null ? metric(Number(column.min)) : "–"}</td>
          <td className="num">{column.deciles ? metric(column.deciles[5]) : "–"}</td>
          <td className="num">{metric(column.mean)}</td>
          <td className="num">{isNumber(column) && column.max !== null ? metric(Number(column.max)) : "–"}</td>
          <td className="dim">
            {column.levels
              ?.slice(0, 3)
              .map((level) => level.value)
              .join(", ") ?? ""}
          </td>
        </tr>
      ))}
    </tbody>
  </table>
);

const ReportView = ({ report }: { report: Report }) => {
  if (report.coerced.length === 0 && report.raggedCount === 0 && report.notes.length === 0)
    return <p className="soft">Every value was read as it stands. Nothing was coerced.</p>;
  return (
    <ul className="report">
      {report.notes.map((note) => (
        <li key={note}>{note}</li>
      ))}
      {report.coerced.map((one) => (
        <li key={one.column}>
          <span className="mono">{one.column}</span>: {whole(one.count)} values became {one.to}. For example{" "}
          {one.examples.map((text) => `“${text}”`).join(", ")}.
        </li>
      ))}
      {report.raggedCount > 0 ? (
        <li>
          {whole(report.raggedCount)} rows have too many or too few cells; all are loaded. Lines{" "}
          {report.ragged
            .slice(0, 12)
            .map((row) => row.line)
            .join(", ")}
          {report.raggedCount > 12 ? ", …" : ""}.
        </li>
      ) : null}
    </ul>
  );
};

const Ready = ({ version, base }: { version: Version; base: string }) => (
  <>
    <dl className="facts">
      <div>
        <dt>Rows</dt>
        <dd>{whole(version.rowCount ?? 0)}</dd>
      </div>
      <div>
        <dt>Columns</dt>
        <dd>{version.columns?.length}</dd>
      </div>
      <div>
        <dt>File</dt>
        <dd>
          {version.fileName}, {bytes(version.size)}
        </dd>
      </div>
      <div>
        <dt>Brought</dt>
        <dd>
          <Time at={version.createdAt} /> by {version.createdBy}
        </dd>
      </div>
      <div>
        <dt>In a cell</dt>
        <dd className="mono">
          datasets.open("{base.split("/").at(-1)}@{version.number}")
        </dd>
      </div>
    </dl>
    <Preview columns={version.columns ?? []} rows={version.preview ?? []} total={version.rowCount ?? 0} />
    <p className="dense dim row" style={{ marginTop: 6 }}>
      {whole(version.rowCount ?? 0)} rows × {version.columns?.length} columns{" "}
      <a className="lk" href={`/api/v1${base}/versions/${version.number}/table`}>
        Download as Parquet
      </a>{" "}
      <a className="lk" href={`/api/v1${base}/versions/${version.number}/original`}>
        Download the original
      </a>
    </p>
    <div className="sectionhead">
      <h2>Columns</h2>
      <span className="dim">over all rows</span>
    </div>
    <Profile columns={version.columns ?? []} rows={version.rowCount ?? 0} />
    <div className="sectionhead">
      <h2>What reading did</h2>
    </div>
    {version.report ? <ReportView report={version.report} /> : null}
  </>
);

export const DatasetPage = ({
  workspace,
  dataset,
  version,
  canWrite,
}: {
  workspace: string;
  dataset: Full;
  version: Version | null;
  canWrite: boolean;
}) => {
  const chooser = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File | null>(null);
  const base = `/workspaces/${workspace}/datasets/${dataset.name}`;
  const upload = canWrite ? (
    <>
      <input
        ref={chooser}
        type="file"
        hidden
        accept=".csv,.tsv,.txt,.parquet"
        onChange={(event) => setFile(event.target.files?.[0] ?? null)}
      />
      {version?.status === "ready" ? (
        <a className="btn quiet" href={`/${workspace}/experiments/automl?dataset=${encodeURIComponent(dataset.name)}`}>
          Look for a model
        </a>
      ) : null}
      <button type="button" className="btn" onClick={() => chooser.current?.click()}>
        Upload a new version
      </button>
    </>
  ) : null;
  return (
    <main className="page">
      <Live workspace={workspace} topics={["dataset.changed"]} />
      <PageHead
        title={<span className="mono">{dataset.name}</span>}
        sentence={dataset.description || (version ? `Version ${version.number}` : "Nothing uploaded yet")}
        actions={upload}
      />
      {file ? (
        <Upload
          workspace={workspace}
          dataset={dataset.name}
          file={file}
          onDone={() => location.assign(`/${workspace}/datasets/${dataset.name}`)}
        />
      ) : null}
      {dataset.versions.length > 1 ? (
        <nav className="tabs">
          {dataset.versions.slice(0, 10).map((one) => (
            <a
              key={one.id}
              href={`?version=${one.number}`}
              {...(one.number === version?.number ? { "aria-current": "page" as const } : {})}
            >
              Version {one.number}
            </a>
          ))}
        </nav>
      ) : null}
      {!version ? (
        <Empty title="No version yet." action={upload}>
          Upload a CSV or Parquet file; its rows stay with this name for ever.
        </Empty>
      ) : null}
      {version?.status === "reading" ? (
        <p>
          <State of="running">
            Reading {version.fileName}, {bytes(version.size)}. This page shows it when it is there.
          </State>
        </p>
      ) : null}
      {version?.status === "failed" ? <p className="problem">{version.failure}</p> : null}
      {version?.status === "ready" ? <Ready version={version} base={base} /> : null}
    </main>
  );
};
