// A number with its interval, drawn on a scale that its neighbours share, and the ends as text.
import { metric } from "#components/ui/figures.tsx";

type Interval = { value: number | null; low: number | null; high: number | null };

const width = 84;

/** `mark` is a line across, such as zero or a baseline. */
export const Range = ({ of, low, high, mark }: { of: Interval; low: number; high: number; mark?: number }) => {
  if (of.value === null || of.low === null || of.high === null) return <span className="dim">not measured</span>;
  const x = (value: number): number => 4 + ((value - low) / (high - low || 1)) * (width - 8);
  return (
    <span className="row range">
      <svg width={width} height={14} aria-hidden="true">
        {mark === undefined ? null : <path className="mark" d={`M${x(mark)} 0V14`} />}
        <path className="span" d={`M${x(of.low).toFixed(1)} 7H${x(of.high).toFixed(1)}`} />
        <circle cx={x(of.value)} cy={7} r={2.6} />
      </svg>
      <span className="dim nowrap">
        {metric(of.low)} to {metric(of.high)}
      </span>
    </span>
  );
};
