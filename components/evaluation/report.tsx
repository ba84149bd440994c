// The report of an evaluation: metrics with intervals and the baseline beside, figures, groups.
import { Figure } from "#components/chart/figure.tsx";
import { calibrationSpec, fitSpec, gainSpec, prSpec, residualSpec, rocSpec, unitSpec } from "#components/evaluation/charts.ts";
import { wordOf } from "#components/evaluation/evaluation-rows.tsx";
import { Range } from "#components/evaluation/range.tsx";
import { Threshold } from "#components/evaluation/threshold.tsx";
import { metric, whole } from "#components/ui/figures.tsx";
import type { Evaluation, Report } from "#lib/evaluation/contract.ts";

type Props = { evaluation: Evaluation; report: Report };

const signed = (value: number | null | undefined): string =>
  value === null || value === undefined ? "–" : `${value > 0 ? "+" : ""}${metric(value)}`;

export const Metrics = ({ evaluation, report }: Props) => {
  const hasBaseline = evaluation.baseline !== null;
  return (
    <div className="wide">
      <table className="t compact">
        <thead>
          <tr>
            <th>Metric</th>
            <th className="num">Value</th>
            <th>95 % interval{hasBaseline ? ", dotted: the baseline" : ""}</th>
            {hasBaseline ? (
              <>
                <th className="num">
                  {evaluation.baseline!.model} version {evaluation.baseline!.version}
                </th>
                <th className="num">Difference</th>
                <th>95 % interval of it, same rows drawn</th>
              </>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {report.metrics.map((one) => {
            const own = [one.low, one.high, one.value, hasBaseline ? one.baseline : null].filter((end) => end !== null);
            const apart = [one.difference?.low ?? 0, one.difference?.high ?? 0, 0];
            return (
              <tr key={one.name}>
                <td>{wordOf(evaluation, one.name)}</td>
                <td className="num">{metric(one.value)}</td>
                <td>
                  <Range
                    of={one}
                    low={Math.min(...own)}
                    high={Math.max(...own)}
                    {...(hasBaseline && one.baseline !== null ? { mark: one.baseline } : {})}
                  />
                </td>
                {hasBaseline ? (
                  <>
                    <td className="num">{metric(one.baseline)}</td>
                    <td className="num">{signed(one.difference?.value)}</td>
                    <td>
                      {one.difference ? <Range of={one.difference} low={Math.min(...apart)} high={Math.max(...apart)} mark={0} /> : null}
                    </td>
                  </>
                ) : null}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
};

const figureOf = (report: Report, name: string): string => metric(report.metrics.find((one) => one.name === name)?.value);

/** How texts and ranked lists are spread, which their means hide. */
const Units = ({ evaluation, bins }: { evaluation: Evaluation; bins: NonNullable<Report["figures"]["units"]> }) => {
  const isText = evaluation.plan.kind === "text";
  const score = isText ? "ROUGE-L" : wordOf(evaluation, "ndcg");
  return (
    <Figure
      title={`${score} of each ${isText ? "text" : "query"}`}
      note={`${whole(bins.reduce((sum, one) => sum + one.count, 0))} ${isText ? "texts" : "queries"}`}
      spec={unitSpec(bins, score, isText ? "texts" : "queries")}
      label={`Histogram of ${score}, one ${isText ? "text" : "query"} at a time`}
    />
  );
};

export const Figures = ({ evaluation, report }: Props) => {
  const { curves, thresholds, residuals, confusion, units } = report.figures;
  return (
    <>
      {thresholds ? (
        <section>
          <div className="sectionhead">
            <h2>At a threshold</h2>
            <span className="soft dense">counts on the judged rows; the suite uses {evaluation.plan.threshold}</span>
          </div>
          <Threshold rows={thresholds} start={evaluation.plan.threshold} positive={evaluation.plan.positive ?? "positive"} />
        </section>
      ) : null}
      <div className="figures">
        {curves ? (
          <>
            <Figure title="ROC" note="dotted: a coin" spec={rocSpec(curves)} label={`ROC curve, area ${figureOf(report, "auc")}`} />
            <Figure
              title="Precision and recall"
              note="each threshold a point"
              spec={prSpec(curves)}
              label={`Precision over recall, average precision ${figureOf(report, "averagePrecision")}`}
            />
            <Figure
              title="Calibration"
              note={curves.baseline ? "diamonds: the baseline; dotted: says what comes true" : "dotted: says what comes true"}
              spec={calibrationSpec(curves)}
              label={`Calibration, error ${figureOf(report, "calibrationError")}`}
            />
            <Figure
              title="Gain"
              note="dotted: rows in any order"
              spec={gainSpec(curves)}
              label="Share of positives found among the rows of highest score"
            />
          </>
        ) : null}
        {residuals ? (
          <>
            <Figure
              title="Predicted and true"
              note={`${whole(residuals.sample.length)} rows drawn`}
              spec={fitSpec(residuals)}
              label={`Predicted against true, R² ${figureOf(report, "r2")}`}
            />
            <Figure
              title="Residuals"
              note="the middle 99 %"
              spec={residualSpec(residuals)}
              label={`Histogram of residuals, RMSE ${figureOf(report, "rmse")}`}
            />
          </>
        ) : null}
        {units ? <Units evaluation={evaluation} bins={units} /> : null}
      </div>
      {evaluation.plan.kind === "text" ? (
        <p className="soft" style={{ marginTop: 8 }}>
          BLEU <span className="mono">nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp</span>, chrF2, TER lower-cased, ROUGE as F without stems.
          These measure likeness to the reference; people may judge otherwise, so a gate of them alone says little.
        </p>
      ) : null}
      {confusion ? <Confusion labels={confusion.labels} counts={confusion.counts} /> : null}
    </>
  );
};

const Confusion = ({ labels, counts }: { labels: string[]; counts: number[][] }) => (
  <section>
    <div className="sectionhead">
      <h2>Confusion</h2>
      <span className="soft dense">rows true, columns answered</span>
    </div>
    <div className="wide">
      <table className="confusion">
        <thead>
          <tr>
            <th />
            {labels.map((label) => (
              <th key={label}>{label}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {counts.map((row, i) => (
            <tr key={labels[i]}>
              <th>{labels[i]}</th>
              {row.map((count, j) => (
                <td
                  key={labels[j]}
                  style={
                    {
                      "--share":
                        count /
                        Math.max(
                          1,
                          row.reduce((a, b) => a + b, 0),
                        ),
                    } as React.CSSProperties
                  }
                >
                  {whole(count)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  </section>
);

export const Groups = ({ evaluation, report }: Props) => {
  const shown = report.metrics.slice(0, 1).map((one) => one.name);
  const also = ["selectionRate", "recall", "falsePositiveRate"].filter(
    (name) => evaluation.plan.kind === "binary" && !shown.includes(name),
  );
  const names = [...shown, ...also].slice(0, 3);
  return report.groups.map((group) => (
    <section key={group.column}>
      <div className="sectionhead">
        <h2>
          By <span className="mono">{group.column}</span>
        </h2>
        <span className="soft dense">
          {group.others > 0 ? `${whole(group.others)} rows of rarer levels left out; ` : ""}dotted: all rows; intervals of small groups are
          wide
        </span>
      </div>
      <div className="wide">
        <table className="t compact">
          <thead>
            <tr>
              <th>Group</th>
              <th className="num">Rows</th>
              {names.map((name) => (
                <th key={name} colSpan={2}>
                  {wordOf(evaluation, name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {group.levels.map((level) => (
              <tr key={level.level}>
                <td>{level.level}</td>
                <td className="num">{whole(level.n)}</td>
                {names.map((name) => {
                  const own = level.metrics[name] ?? { value: null, low: null, high: null };
                  const ends = group.levels
                    .flatMap(({ metrics }) => [metrics[name]?.low, metrics[name]?.high])
                    .filter((one) => typeof one === "number");
                  const overall = report.metrics.find((one) => one.name === name)?.value;
                  return [
                    <td key={`${name} value`} className="num" style={{ width: 60 }}>
                      {metric(own.value)}
                    </td>,
                    <td key={name}>
                      <Range
                        of={own}
                        low={Math.min(...ends)}
                        high={Math.max(...ends)}
                        {...(typeof overall === "number" ? { mark: overall } : {})}
                      />
                    </td>,
                  ];
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  ));
};
