// What is searched, how much each parameter matters, and what the best trial has.
import type { DrawnStudy } from "#components/tuning/drawn.ts";
import { conditionOf, rangeOf, shownValue } from "#components/tuning/words.ts";

const Share = ({ share }: { share: number }) => (
  <span className="share">
    <i style={{ width: `${Math.max(1, share * 100)}%` }} />
    <span>{(share * 100).toFixed(share < 0.1 ? 1 : 0)} %</span>
  </span>
);

/** Names in the order in which they matter; those of unknown weight as they were written. */
export const orderedNames = (study: DrawnStudy): string[] => {
  const known = study.importance.map((one) => one.name);
  return [...known, ...Object.keys(study.plan.space).filter((name) => !known.includes(name))];
};

export const Parameters = ({ study }: { study: DrawnStudy }) => {
  const best = study.best ? study.trials[study.best.number]!.params : {};
  const share = new Map(study.importance.map((one) => [one.name, one.share]));
  return (
    <section>
      <div className="sectionhead">
        <h2>Parameters</h2>
        <span className="soft dense">
          {share.size > 0
            ? `share of the differences in ${study.plan.objectives[0]!.name} that each explains, by a forest on the complete trials`
            : "how much each matters is known from ten complete trials on"}
        </span>
      </div>
      <div className="wide">
        <table className="t compact">
          <thead>
            <tr>
              <th>Parameter</th>
              <th>Importance</th>
              <th className="num">{study.best ? `Trial ${study.best.number}, the best` : "Best"}</th>
              <th>Searched in</th>
            </tr>
          </thead>
          <tbody>
            {orderedNames(study).map((name) => {
              const one = study.plan.space[name]!;
              return (
                <tr key={name}>
                  <td className="mono strong">{name}</td>
                  <td className="sharecell">{share.has(name) ? <Share share={share.get(name)!} /> : <span className="dim">–</span>}</td>
                  <td className="num strong">{shownValue(best[name])}</td>
                  <td className="soft">
                    {rangeOf(one)}
                    {one.when ? <span className="dim"> when {conditionOf(one)}</span> : null}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
};
