"use client";
// A chart with its title and a note on how to read it.
import { type Spec, VegaChart } from "#components/chart/vega-chart.tsx";

export const Figure = ({ title, note, spec, label }: { title: string; note: string; spec: Spec; label: string }) => (
  <section>
    <div className="sectionhead">
      <h2>{title}</h2>
      <span className="soft dense">{note}</span>
    </div>
    <VegaChart spec={spec} label={label} />
  </section>
);
