"use client";
// The confusion of two classes at a threshold that the reader moves, with what follows from it.
import { useState } from "react";
import { metric, whole } from "#components/ui/figures.tsx";
import type { Report } from "#lib/evaluation/contract.ts";

type Counts = NonNullable<Report["figures"]["thresholds"]>[number];

const share = (part: number, of: number): number => (of === 0 ? 0 : part / of);

const Cell = ({ count, of, word }: { count: number; of: number; word: string }) => (
  <td style={{ "--share": share(count, of) } as React.CSSProperties}>
    <b>{whole(count)}</b>
    <br />
    <span className="dim">{word}</span>
  </td>
);

export const Threshold = ({ rows, start, positive }: { rows: Counts[]; start: number; positive: string }) => {
  const [at, setAt] = useState(Math.round(start * 100));
  const { threshold, tp, fp, tn, fn } = rows[at]!;
  const [precision, recall] = [share(tp, tp + fp), share(tp, tp + fn)];
  const facts: [string, number][] = [
    ["precision", precision],
    ["recall", recall],
    ["F1", share(2 * precision * recall, precision + recall)],
    ["accuracy", share(tp + tn, tp + tn + fp + fn)],
    ["called positive", share(tp + fp, tp + tn + fp + fn)],
  ];
  return (
    <div className="threshold">
      <div>
        <label className="field">
          <span>
            Rows with a score of {threshold.toFixed(2)} or more are called {positive}
          </span>
          <input
            type="range"
            min={0}
            max={100}
            value={at}
            aria-valuetext={`threshold ${threshold.toFixed(2)}: precision ${metric(precision)}, recall ${metric(recall)}`}
            onChange={(event) => setAt(Number(event.target.value))}
          />
        </label>
        <dl className="facts" style={{ marginTop: 12 }}>
          {facts.map(([word, value]) => (
            <div key={word}>
              <dt>{word}</dt>
              <dd>{value.toFixed(3)}</dd>
            </div>
          ))}
        </dl>
      </div>
      <table className="confusion">
        <thead>
          <tr>
            <th />
            <th>called {positive}</th>
            <th>called otherwise</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th>{positive}</th>
            <Cell count={tp} of={tp + fn} word="found" />
            <Cell count={fn} of={tp + fn} word="missed" />
          </tr>
          <tr>
            <th>otherwise</th>
            <Cell count={fp} of={fp + tn} word="false alarms" />
            <Cell count={tn} of={fp + tn} word="left alone" />
          </tr>
        </tbody>
      </table>
    </div>
  );
};
