// A table made by a cell: name, shape and one fact in the head, the first rows, and where it comes from at the foot.
import { Bars, Parts, whole } from "#components/ui/figures.tsx";

type Column = { name: string; type: string; summary?: string; bars?: number[]; parts?: number[] };
export type TableData = { columns: Column[]; rows: unknown[][]; rowCount: number; columnCount: number; source?: string };

const shown = 14;
const cell = (value: unknown): string =>
  value === null || value === undefined
    ? "–"
    : typeof value === "number"
      ? Number.isInteger(value) && Math.abs(value) >= 10_000
        ? whole(value)
        : String(Math.round(value * 1e6) / 1e6)
      : String(value);

export const TableView = ({ table }: { table: TableData }) => {
  const columns = table.columns.slice(0, shown);
  const hidden = table.columnCount - columns.length;
  return (
    <div className="tableview">
      <div className="wide">
        <table className="t compact">
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.name} className={column.type === "number" ? "num" : ""}>
                  <span className="mono">{column.name}</span>
                  {column.bars ? <Bars heights={column.bars} /> : column.parts ? <Parts shares={column.parts} /> : null}
                  {column.summary ? <span>{column.summary}</span> : null}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.rows.slice(0, 10).map((row, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity
              <tr key={i}>
                {columns.map((column, j) => (
                  <td key={column.name} className={column.type === "number" ? "num" : ""}>
                    {cell(row[j])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="foot">
        <span>
          {whole(table.rowCount)} rows × {table.columnCount} columns
        </span>
        {hidden > 0 ? <span>{hidden} more columns</span> : null}
        <span className="grow" />
        {table.source ? <span>{/ version \d+$/.test(table.source) ? `Read from ${table.source}` : table.source}</span> : null}
      </p>
    </div>
  );
};
