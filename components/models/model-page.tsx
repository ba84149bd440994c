"use client";
// A model: its versions beside each other, and aliases that operators move.
import { useState } from "react";
import { useCall } from "#components/hooks/use-call.ts";
import { Live } from "#components/hooks/use-live.ts";
import { AliasMark } from "#components/models/alias-mark.tsx";
import { PageHead } from "#components/shell/frame.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { bytes, metric, Time } from "#components/ui/figures.tsx";
import { type Model, setAlias, type Version } from "#lib/models/contract.ts";

const Point = ({ workspace, model, version, onClose }: { workspace: string; model: Model; version: number; onClose: () => void }) => {
  const [alias, setName] = useState("champion");
  const move = useCall(setAlias);
  const was = model.aliases.find((one) => one.alias === alias)?.version;
  return (
    <Dialog
      title={`Point an alias at version ${version}?`}
      verb="Point"
      isBusy={move.isPending}
      problem={move.problem}
      onClose={onClose}
      onVerb={async () => (await move.run({ workspace, model: model.name, alias, version })) && onClose()}
    >
      <label className="field">
        <span>Alias</span>
        <input value={alias} onChange={(event) => setName(event.target.value)} list="aliases" />
        <datalist id="aliases">
          <option value="champion" />
          <option value="challenger" />
        </datalist>
      </label>
      <p>
        {was ? `${alias} moves from version ${was} to ${version}.` : `${alias} is new and names version ${version}.`} Endpoints keep what
        they serve until somebody deploys.
      </p>
    </Dialog>
  );
};

export const ModelPage = ({
  workspace,
  model,
  canOperate,
}: {
  workspace: string;
  model: Model & { versions: Version[] };
  canOperate: boolean;
}) => {
  const [pointing, setPointing] = useState<number | null>(null);
  const metrics = [...new Set(model.versions.flatMap((one) => Object.keys(one.metrics)))].slice(0, 5);
  return (
    <main className="page">
      <Live workspace={workspace} topics={["model.changed"]} />
      <PageHead
        title={model.name}
        sentence={`${model.versionCount} versions`}
        actions={model.aliases.map((one) => <AliasMark key={one.alias} {...one} />)}
      />
      <div className="wide">
        <table className="t">
          <thead>
            <tr>
              <th className="num">Version</th>
              <th>Kind</th>
              <th>Aliases</th>
              {metrics.map((key) => (
                <th key={key} className="num">
                  {key}
                </th>
              ))}
              <th>Run</th>
              <th>Cell text</th>
              <th className="num">Size</th>
              <th>Made</th>
              <th>By</th>
              <th aria-label="Actions" />
            </tr>
          </thead>
          <tbody>
            {model.versions.map((one) => (
              <tr key={one.id}>
                <td className="num">
                  <a className="name" href={`/${workspace}/models/${model.name}/versions/${one.number}`}>
                    {one.number}
                  </a>
                </td>
                <td>{one.kind}</td>
                <td>
                  <span className="row">
                    {one.aliases.map((alias) => (
                      <AliasMark key={alias} alias={alias} />
                    ))}
                  </span>
                </td>
                {metrics.map((key) => (
                  <td key={key} className="num">
                    {metric(one.metrics[key])}
                  </td>
                ))}
                <td>
                  {one.run ? (
                    <a className="lk" href={`/${workspace}/experiments/runs/${one.run.number}`}>
                      run {one.run.number}
                    </a>
                  ) : (
                    <span className="dim">–</span>
                  )}
                </td>
                <td className="mono">{one.source?.cellHash.slice(0, 6) ?? "–"}</td>
                <td className="num">{bytes(one.size)}</td>
                <td>
                  <Time at={one.createdAt} />
                </td>
                <td className="dim">{one.createdBy}</td>
                <td className="num">
                  {canOperate ? (
                    <button type="button" className="btn quiet" onClick={() => setPointing(one.number)}>
                      Point alias
                    </button>
                  ) : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {pointing !== null ? <Point workspace={workspace} model={model} version={pointing} onClose={() => setPointing(null)} /> : null}
    </main>
  );
};
