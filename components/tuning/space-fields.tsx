"use client";
// A space as rows of fields: name, kind, ends or choices, whether in logarithms.
import { Icon } from "#components/ui/icon.tsx";
import type { Plan } from "#lib/tuning/contract.ts";

type Space = Plan["space"];
type Dimension = Space[string];
/** A row as it is typed; numbers may be unfinished texts. */
export type SpaceRow = { name: string; type: Dimension["type"]; low: string; high: string; isLog: boolean; choices: string };

export const rowsOf = (space: Space): SpaceRow[] =>
  Object.entries(space).map(([name, one]) =>
    one.type === "categorical"
      ? { name, type: one.type, low: "", high: "", isLog: false, choices: one.choices.join(", ") }
      : { name, type: one.type, low: String(one.low), high: String(one.high), isLog: one.log === true, choices: "" },
  );

const choiceOf = (word: string): string | number | boolean =>
  word === "true" || word === "false" ? word === "true" : word !== "" && Number.isFinite(Number(word)) ? Number(word) : word;

/** The space that the rows say; what is wrong with it is the server's to say. */
export const spaceOf = (rows: readonly SpaceRow[]): Space =>
  Object.fromEntries(
    rows.map((row): [string, Dimension] => [
      row.name.trim(),
      row.type === "categorical"
        ? {
            type: row.type,
            choices: row.choices
              .split(",")
              .map((one) => one.trim())
              .filter(Boolean)
              .map(choiceOf),
          }
        : { type: row.type, low: Number(row.low), high: Number(row.high), ...(row.isLog ? { log: true } : {}) },
    ]),
  );

const isNumber = (text: string): boolean => text.trim() !== "" && Number.isFinite(Number(text));

/** Whether every row is written to its end. */
export const isWhole = (rows: readonly SpaceRow[]): boolean =>
  rows.length > 0 &&
  new Set(rows.map((row) => row.name.trim())).size === rows.length &&
  rows.every(
    (row) => row.name.trim() !== "" && (row.type === "categorical" ? row.choices.trim() !== "" : isNumber(row.low) && isNumber(row.high)),
  );

const blank: SpaceRow = { name: "", type: "float", low: "0", high: "1", isLog: false, choices: "" };

const Row = ({
  row,
  label,
  onChange,
  onRemove,
}: {
  row: SpaceRow;
  label: string;
  onChange: (row: SpaceRow) => void;
  onRemove: () => void;
}) => {
  const field = (key: "name" | "low" | "high" | "choices", word: string) => (
    <input
      className="plain"
      value={row[key]}
      aria-label={`${word} of ${label}`}
      placeholder={key === "choices" ? "small, medium, large" : key}
      onChange={(event) => onChange({ ...row, [key]: event.target.value })}
    />
  );
  return (
    <div className="spacerow">
      {field("name", "Name")}
      <select
        className="plain"
        aria-label={`Kind of ${label}`}
        value={row.type}
        onChange={(event) => onChange({ ...row, type: event.target.value as SpaceRow["type"] })}
      >
        <option value="float">number</option>
        <option value="int">whole number</option>
        <option value="categorical">choice</option>
      </select>
      {row.type === "categorical" ? (
        <span className="choices">{field("choices", "Choices")}</span>
      ) : (
        <>
          {field("low", "Least value")}
          {field("high", "Greatest value")}
          <label className="dense row">
            <input type="checkbox" checked={row.isLog} onChange={(event) => onChange({ ...row, isLog: event.target.checked })} />
            logarithms
          </label>
        </>
      )}
      <button type="button" className="btn quiet icon" aria-label={`Do not search ${label}`} onClick={onRemove}>
        <Icon name="close" />
      </button>
    </div>
  );
};

export const SpaceFields = ({ rows, onChange }: { rows: SpaceRow[]; onChange: (rows: SpaceRow[]) => void }) => (
  <div className="field">
    <span>Searched in</span>
    <div className="spacerows">
      <div className="spacerow is-head" aria-hidden="true">
        <span>parameter</span>
        <span>kind</span>
        <span>least</span>
        <span>greatest</span>
      </div>
      {rows.map((row, i) => (
        <Row
          // biome-ignore lint/suspicious/noArrayIndexKey: a row's name changes while it is typed
          key={i}
          row={row}
          label={row.name || `parameter ${i + 1}`}
          onChange={(next) => onChange(rows.map((one, at) => (at === i ? next : one)))}
          onRemove={() => onChange(rows.filter((_, at) => at !== i))}
        />
      ))}
    </div>
    <span>
      <button type="button" className="btn quiet" onClick={() => onChange([...rows, blank])}>
        Add a parameter
      </button>
    </span>
  </div>
);
