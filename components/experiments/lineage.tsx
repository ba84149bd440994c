// Where a thing comes from and where it went, as one line of stations.
import type { ReactNode } from "react";

export type Station = { title: ReactNode; lines: ReactNode[]; isHere?: boolean };

export const Lineage = ({ stations }: { stations: Station[] }) => (
  <section className="lineage" aria-label="Where it comes from">
    {stations.map((station, i) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: stations are a fixed line
      <div key={i}>
        <b className={station.isHere ? "is-here" : ""}>{station.title}</b>
        {station.lines.map((line, j) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines are a fixed list
          <p key={j}>{line}</p>
        ))}
      </div>
    ))}
  </section>
);
