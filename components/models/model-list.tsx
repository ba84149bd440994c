// The list of registered models with their aliases.
import { Live } from "#components/hooks/use-live.ts";
import { AliasMark } from "#components/models/alias-mark.tsx";
import { PageHead } from "#components/shell/frame.tsx";
import { Empty } from "#components/ui/empty.tsx";
import { Time } from "#components/ui/figures.tsx";
import type { Model } from "#lib/models/contract.ts";

export const ModelList = ({ workspace, items }: { workspace: string; items: Model[] }) => (
  <main className="page">
    <Live workspace={workspace} topics={["model.changed"]} />
    <PageHead title="Models" sentence={`${items.length} registered`} />
    {items.length === 0 ? (
      <Empty
        title="No model yet."
        action={
          <a className="btn primary" href={`/${workspace}/notebooks`}>
            Open a notebook
          </a>
        }
      >
        A cell registers one with <span className="mono">await models.register("name", {"{ model, trainedOn, run }"})</span>.
      </Empty>
    ) : (
      <table className="t">
        <thead>
          <tr>
            <th>Model</th>
            <th className="num">Versions</th>
            <th className="num">Newest</th>
            <th>Aliases</th>
            <th>Made</th>
            <th>By</th>
          </tr>
        </thead>
        <tbody>
          {items.map((one) => (
            <tr key={one.id}>
              <td>
                <a className="name" href={`/${workspace}/models/${one.name}`}>
                  {one.name}
                </a>
              </td>
              <td className="num">{one.versionCount}</td>
              <td className="num">{one.latest ?? "–"}</td>
              <td>
                <span className="row">
                  {one.aliases.length > 0 ? (
                    one.aliases.map((alias) => <AliasMark key={alias.alias} {...alias} />)
                  ) : (
                    <span className="dim">–</span>
                  )}
                </span>
              </td>
              <td>
                <Time at={one.createdAt} />
              </td>
              <td className="dim">{one.createdBy}</td>
            </tr>
          ))}
        </tbody>
      </table>
    )}
  </main>
);
