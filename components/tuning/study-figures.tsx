"use client";
// The figures of a study, each with its finding as a label and what it leaves out in words.
import { useState } from "react";
import { Figure } from "#components/chart/figure.tsx";
import { VegaChart } from "#components/chart/vega-chart.tsx";
import { domainOf, valuesOf } from "#components/tuning/axes.ts";
import { curvesSpec, frontSpec, historySpec, sliceSpec } from "#components/tuning/charts.ts";
import type { DrawnStudy } from "#components/tuning/drawn.ts";
import { parallelSpec } from "#components/tuning/parallel.ts";
import { orderedNames } from "#components/tuning/parameters.tsx";
import { metric } from "#components/ui/figures.tsx";

const shownSlices = 6;
const shownAxes = 9;

/** How many complete trials lie outside of the figures, in words. */
const outside = (study: DrawnStudy): string => {
  const values = valuesOf(study).map((one) => one.value);
  const [low, high] = domainOf(values, study.plan.objectives[0]!.direction);
  const count = values.filter((one) => one < low || one > high).length;
  return count === 0 ? "" : `; ${count} far worse ${count === 1 ? "trial lies" : "trials lie"} outside`;
};

const Front = ({ study }: { study: DrawnStudy }) => {
  const [[a, b], setPair] = useState<[number, number]>([0, 1]);
  const names = study.plan.objectives.map((one) => one.name);
  const choice = (word: string, at: number, other: number, put: (i: number) => void) => (
    <label className="dense soft">
      {word}{" "}
      <select className="plain trialfilter" value={at} onChange={(event) => put(Number(event.target.value))}>
        {names.map((name, i) => (
          <option key={name} value={i} disabled={i === other}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <section>
      <div className="sectionhead">
        <h2>Front</h2>
        <span className="soft dense">{study.front.length} trials that no other is better than in everything</span>
        {names.length > 2 ? (
          <>
            {choice("across", a, b, (i) => setPair([i, b]))}
            {choice("up", b, a, (i) => setPair([a, i]))}
          </>
        ) : null}
      </div>
      <VegaChart spec={frontSpec(study, a, b)} label={`${names[b]} over ${names[a]}: ${study.front.length} trials on the front`} />
    </section>
  );
};

const Slices = ({ study }: { study: DrawnStudy }) => {
  const [isAll, setAll] = useState(false);
  const names = orderedNames(study);
  const first = study.plan.objectives[0]!.name;
  return (
    <section>
      <div className="sectionhead">
        <h2>Slices</h2>
        <span className="soft dense">
          {first} over each parameter; later trials are stronger, the best is the diamond{outside(study)}
        </span>
      </div>
      <div className="slices">
        {(isAll ? names : names.slice(0, shownSlices)).map((name) => (
          <figure key={name}>
            <figcaption className="mono dense strong">{name}</figcaption>
            <VegaChart
              spec={sliceSpec(study, name, study.plan.space[name]!)}
              label={`${first} over ${name}, a point for each complete trial`}
            />
          </figure>
        ))}
      </div>
      {names.length > shownSlices ? (
        <button type="button" className="btn quiet" onClick={() => setAll(!isAll)}>
          {isAll ? `Show the ${shownSlices} that matter most` : `Show all ${names.length}`}
        </button>
      ) : null}
    </section>
  );
};

/** History first, beside it the front of several objectives or the curves on the way. */
export const CourseFigures = ({ study }: { study: DrawnStudy }) => {
  const complete = valuesOf(study);
  const first = study.plan.objectives[0]!;
  const hasCurves = study.trials.some((one) => one.reports.length > 1);
  const history = (
    <Figure
      title="History"
      note={`line: best so far${study.counts.pruned > 0 ? "; hollow: pruned, at their last report" : ""}${outside(study)}`}
      spec={historySpec(study)}
      label={`Best ${first.name} ${metric(study.best?.values[0])} after ${complete.length} complete trials`}
    />
  );
  const curves = (
    <Figure
      title="On the way"
      note={`${first.name} as trials reported it; thick: the best${study.counts.pruned > 0 ? ", cross: pruned there" : ""}`}
      spec={curvesSpec(study)}
      label={`${first.name} by step; ${study.counts.pruned} trials were pruned`}
    />
  );
  return (
    <div className="columns">
      {complete.length > 0 ? history : null}
      {study.plan.objectives.length > 1 && complete.length > 0 ? <Front study={study} /> : null}
      {hasCurves ? curves : null}
    </div>
  );
};

export const SpaceFigures = ({ study }: { study: DrawnStudy }) => {
  const names = orderedNames(study).slice(0, shownAxes);
  const count = Object.keys(study.plan.space).length;
  const first = study.plan.objectives[0]!;
  if (valuesOf(study).length < 2) return null;
  return (
    <>
      <Figure
        title="Parallel coordinates"
        note={`a thread for each complete trial, better ones stronger, the best thick${count > shownAxes ? `; the ${shownAxes} parameters that matter most` : ""}`}
        spec={parallelSpec(study, names)}
        label={`Parameters of complete trials up to their ${first.name}; the best has ${metric(study.best?.values[0])}`}
      />
      <Slices study={study} />
    </>
  );
};
