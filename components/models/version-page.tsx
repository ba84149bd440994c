// A version: what it takes and answers, how it did, what its training data looked like, where it comes from.

import { EvaluationRows } from "#components/evaluation/evaluation-rows.tsx";
import { Lineage } from "#components/experiments/lineage.tsx";
import { AliasMark } from "#components/models/alias-mark.tsx";
import { DeployButton } from "#components/serving/deploy-button.tsx";
import { PageHead } from "#components/shell/frame.tsx";
import { Bars, bytes, metric, Parts, Time, whole } from "#components/ui/figures.tsx";
import type { Evaluation } from "#lib/evaluation/contract.ts";
import type { ColumnProfile } from "#lib/learn/stats/profile.ts";
import type { Tensor, Version } from "#lib/models/contract.ts";
import type { Endpoint } from "#lib/serving/contract.ts";
import "#components/experiments/experiments.css";

type Profile = { rows: number; columns: Record<string, ColumnProfile> } | null;

const Shape = ({ profile }: { profile: ColumnProfile | undefined }) => {
  if (!profile) return <span className="dim">–</span>;
  if (profile.kind === "number")
    return (
      <span className="row">
        <Bars heights={profile.histogram.counts} />{" "}
        <span className="dim">
          {metric(profile.deciles[0])} – {metric(profile.deciles[10])}
        </span>
      </span>
    );
  return (
    <span className="row">
      <Parts shares={profile.levels.slice(0, 5).map((level) => level.count / Math.max(1, profile.count))} />{" "}
      <span className="dim">{profile.levels.length} levels</span>
    </span>
  );
};

const Tensors = ({ title, tensors, profile }: { title: string; tensors: Tensor[]; profile?: Profile }) => (
  <section>
    <div className="sectionhead">
      <h2>{title}</h2>
      <span className="dim">
        {tensors.length}
        {profile ? `, trained on ${whole(profile.rows)} rows` : ""}
      </span>
    </div>
    <table className="t compact">
      <thead>
        <tr>
          <th>Name</th>
          <th>Datatype</th>
          <th>Shape</th>
          {profile ? <th>Training data</th> : null}
        </tr>
      </thead>
      <tbody>
        {tensors.map((one) => (
          <tr key={one.name}>
            <td className="mono">{one.name}</td>
            <td className="dim">{one.datatype}</td>
            <td className="mono dim">[{one.shape.join(", ")}]</td>
            {profile ? (
              <td>
                <Shape profile={profile.columns[one.name]} />
              </td>
            ) : null}
          </tr>
        ))}
      </tbody>
    </table>
  </section>
);

const stations = (workspace: string, version: Version, endpoints: Endpoint[]) => [
  version.source
    ? {
        title: (
          <a className="lk" href={`/${workspace}/notebooks/${version.source.notebookId}#${version.source.cellId}`}>
            cell
          </a>
        ),
        lines: [
          <span key="t">
            text <span className="mono">{version.source.cellHash.slice(0, 6)}</span>
          </span>,
          `revision ${version.source.revision}`,
        ],
      }
    : { title: "outside a notebook", lines: ["registered over the API"] },
  version.run
    ? {
        title: (
          <a className="lk" href={`/${workspace}/experiments/runs/${version.run.number}`}>
            run {version.run.number}
          </a>
        ),
        lines: [
          Object.entries(version.metrics)
            .slice(0, 2)
            .map(([key, value]) => `${key} ${metric(value)}`)
            .join(", "),
        ],
      }
    : { title: "no run", lines: ["registered without one"] },
  {
    title: `version ${version.number}`,
    isHere: true,
    lines: [
      `${version.kind}, ${bytes(version.size)}`,
      <span key="d" className="mono">
        sha256 {version.digest.slice(0, 4)}…{version.digest.slice(-4)}
      </span>,
    ],
  },
  ...(endpoints.length === 0
    ? [{ title: "no endpoint", lines: ["nothing serves it now"] }]
    : endpoints.map((one) => ({
        title: (
          <a className="lk" href={`/${workspace}/serving/${one.name}`}>
            {one.name}
          </a>
        ),
        lines: [
          `answers as revision ${one.current?.number}`,
          <span key="s">
            since <Time at={one.current?.servingAt ?? null} />
          </span>,
        ],
      }))),
];

type Props = {
  workspace: string;
  version: Version;
  profile: Profile;
  endpoints: Endpoint[];
  evaluations: Evaluation[];
  canOperate: boolean;
};

export const VersionPage = ({ workspace, version, profile, endpoints, evaluations, canOperate }: Props) => (
  <main className="page">
    <PageHead
      title={`Version ${version.number}`}
      sentence={
        <span className="row">
          {version.aliases.map((alias) => (
            <AliasMark key={alias} alias={alias} />
          ))}{" "}
          {version.kind}, made by {version.createdBy}, <Time at={version.createdAt} />
        </span>
      }
      actions={
        <>
          <a className="btn quiet" href={`/api/v1/workspaces/${workspace}/models/${version.model}/versions/${version.number}/file`}>
            Download ONNX
          </a>
          {canOperate ? <DeployButton workspace={workspace} model={version.model} version={version.number} /> : null}
        </>
      }
    />
    {version.description ? (
      <p className="prose" style={{ maxWidth: 760, marginBottom: 16 }}>
        {version.description}
      </p>
    ) : null}
    <dl className="facts">
      {Object.entries(version.metrics).map(([key, value]) => (
        <div key={key}>
          <dt>{key}</dt>
          <dd className="figure">{metric(value)}</dd>
        </div>
      ))}
    </dl>
    <div className="columns">
      <Tensors title="Takes" tensors={version.signature.inputs} profile={profile} />
      <div>
        <Tensors title="Answers" tensors={version.signature.outputs} />
        {version.sample[0] ? (
          <>
            <div className="sectionhead">
              <h2>A sample</h2>
              <span className="dim">one training row</span>
            </div>
            <pre className="log">{JSON.stringify(version.sample[0], null, 2)}</pre>
          </>
        ) : null}
      </div>
    </div>
    {evaluations.length > 0 ? (
      <section>
        <div className="sectionhead">
          <h2>Evaluations</h2>
          <span className="dim">{evaluations.length}</span>
        </div>
        <EvaluationRows workspace={workspace} items={evaluations} withSuite />
      </section>
    ) : null}
    <Lineage stations={stations(workspace, version, endpoints)} />
  </main>
);
