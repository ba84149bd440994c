// Where a study came from: the cell that opened it, else the one whose objective the worker's sessions run.
import type { Study } from "#lib/tuning/contract.ts";

export const Origin = ({ workspace, study }: { workspace: string; study: Pick<Study, "source" | "work"> }) => {
  const from = study.source ?? study.work;
  if (!from) return <span className="dim">the API</span>;
  if (from.title === null) return <span className="dim">a deleted notebook</span>;
  return (
    <a className="lk" href={`/${workspace}/notebooks/${from.notebookId}#${from.cellId}`} title={from.title}>
      {from.title}
    </a>
  );
};
