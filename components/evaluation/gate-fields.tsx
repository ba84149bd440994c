"use client";
// Gates as rows of a form: which metric, where it must hold, and the bound.
import { Icon } from "#components/ui/icon.tsx";
import { type Gate, type Kind, metricWords } from "#lib/evaluation/contract.ts";

type Props = { kind: Kind; groups: string[]; hasBaseline: boolean; gates: Gate[]; onChange: (gates: Gate[]) => void };

const placeOf = (gate: Gate): string =>
  gate.kind === "value" ? (gate.isCertain ? "certain" : "all") : gate.kind === "baseline" ? "baseline" : `${gate.kind} ${gate.column}`;

/** The gate with another place, keeping metric and number. */
const movedTo = (gate: Gate, place: string): Gate => {
  const { metric } = gate;
  const value = gate.kind === "baseline" ? gate.margin : gate.value;
  const bound = "bound" in gate ? gate.bound : "least";
  if (place === "baseline") return { kind: "baseline", metric, margin: Math.max(0, value) };
  if (place.startsWith("group ")) return { kind: "group", metric, column: place.slice(6), bound, value };
  if (place.startsWith("gap ")) return { kind: "gap", metric, column: place.slice(4), value };
  return { kind: "value", metric, bound, value, isCertain: place === "certain" };
};

const numbered = (gate: Gate, value: number): Gate =>
  gate.kind === "baseline" ? { ...gate, margin: Math.max(0, value) } : { ...gate, value };

export const GateFields = ({ kind, groups, hasBaseline, gates, onChange }: Props) => {
  const put = (at: number, gate: Gate): void => onChange(gates.map((one, i) => (i === at ? gate : one)));
  return (
    <div className="field">
      <span>Gates</span>
      {gates.map((gate, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a gate has no identity but its place
        <div className="gaterow" key={i}>
          <select aria-label="Metric" value={gate.metric} onChange={(event) => put(i, { ...gate, metric: event.target.value })}>
            {metricWords[kind].map((one) => (
              <option key={one.name} value={one.name}>
                {one.word}
              </option>
            ))}
          </select>
          <select aria-label="Where" value={placeOf(gate)} onChange={(event) => put(i, movedTo(gate, event.target.value))}>
            <option value="all">over all rows</option>
            <option value="certain">by the whole interval</option>
            {groups.map((name) => (
              <option key={`group ${name}`} value={`group ${name}`}>
                in every group of {name}
              </option>
            ))}
            {groups.map((name) => (
              <option key={`gap ${name}`} value={`gap ${name}`}>
                apart between groups of {name}
              </option>
            ))}
            {hasBaseline ? <option value="baseline">worse than the baseline</option> : null}
          </select>
          {"bound" in gate ? (
            <select
              aria-label="Bound"
              value={gate.bound}
              onChange={(event) => put(i, { ...gate, bound: event.target.value as "least" | "most" })}
            >
              <option value="least">at least</option>
              <option value="most">at most</option>
            </select>
          ) : (
            <span className="dim">at most</span>
          )}
          <input
            aria-label="Value"
            type="number"
            step="any"
            value={gate.kind === "baseline" ? gate.margin : gate.value}
            onChange={(event) => put(i, numbered(gate, Number(event.target.value)))}
          />
          <button
            type="button"
            className="btn quiet icon"
            aria-label="Remove this gate"
            onClick={() => onChange(gates.filter((_, at) => at !== i))}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      <span>
        <button
          type="button"
          className="btn quiet"
          onClick={() => {
            const { name, isLess } = metricWords[kind][0]!;
            onChange([...gates, { kind: "value", metric: name, bound: isLess ? "most" : "least", value: 0, isCertain: false }]);
          }}
        >
          <Icon name="add" /> Add a gate
        </button>
      </span>
    </div>
  );
};
