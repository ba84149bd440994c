// Small figures inside text and tables: the steel rule, a sparkline, a histogram, faces, ids, times. None needs state.

/** Progress with its true fraction (0 … 1) and a sentence for readers. */
export const Steel = ({
  fraction,
  sentence,
  state = "running",
}: {
  fraction: number;
  sentence: string;
  state?: "running" | "done" | "failed";
}) => (
  <div
    className={`steel is-${state}`}
    role="progressbar"
    aria-valuemin={0}
    aria-valuemax={100}
    aria-valuenow={Math.round(fraction * 100)}
    aria-valuetext={sentence}
  >
    <i style={{ width: `${Math.max(0, Math.min(1, fraction)) * 100}%` }} />
  </div>
);

/** A curve without axes, its last point dotted. `low` and `high` give a column of sparklines one scale. */
export const Spark = ({
  values,
  width = 64,
  height = 18,
  low,
  high,
  label,
}: {
  values: readonly number[];
  width?: number;
  height?: number;
  low?: number;
  high?: number;
  label?: string;
}) => {
  const clean = values.filter(Number.isFinite);
  if (clean.length < 2) return <svg width={width} height={height} aria-hidden="true" />;
  const min = low ?? Math.min(...clean);
  const max = high ?? Math.max(...clean);
  const x = (i: number) => 1 + (i / (clean.length - 1)) * (width - 5);
  const y = (value: number) => height - 3 - ((value - min) / (max - min || 1)) * (height - 6);
  const path = clean.map((value, i) => `${i === 0 ? "M" : "L"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  return (
    <svg width={width} height={height} {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true })}>
      <path d={path} fill="none" stroke="currentColor" strokeWidth="1.25" strokeLinejoin="round" />
      <circle cx={x(clean.length - 1)} cy={y(clean.at(-1)!)} r="1.8" fill="currentColor" />
    </svg>
  );
};

/** Ink bars of a distribution; heights from 0 to 1. */
export const Bars = ({ heights, width = 56, height = 20 }: { heights: readonly number[]; width?: number; height?: number }) => {
  const tallest = Math.max(1e-9, ...heights);
  const step = width / Math.max(1, heights.length);
  return (
    <svg width={width} height={height} aria-hidden="true" style={{ color: "color-mix(in oklab, var(--ink) 34%, var(--paper))" }}>
      {heights.map((one, i) => {
        const tall = Math.max(one > 0 ? 1 : 0, (one / tallest) * height);
        // biome-ignore lint/suspicious/noArrayIndexKey: bars have no identity but their place
        return <rect key={i} x={i * step} y={height - tall} width={Math.max(1, step - 1)} height={tall} fill="currentColor" />;
      })}
    </svg>
  );
};

/** Shares of a whole as one strip, most frequent first. */
export const Parts = ({ shares, width = 56 }: { shares: readonly number[]; width?: number }) => (
  <svg width={width} height={20} aria-hidden="true">
    {shares.map((share, i) => (
      <rect
        // biome-ignore lint/suspicious/noArrayIndexKey: parts have no identity but their place
        key={i}
        x={shares.slice(0, i).reduce((a, b) => a + b, 0) * width}
        y={12}
        width={Math.max(1, share * width - 1)}
        height={8}
        fill="var(--ink)"
        opacity={Math.max(0.08, 0.34 - i * 0.06)}
      />
    ))}
  </svg>
);

/** A person as a letter in their pencil colour. */
export const Face = ({ name, pencil }: { name: string; pencil?: 1 | 2 | 3 | 4 }) => (
  <span className={`face ${pencil ? `p${pencil}` : ""}`} title={name}>
    {(name.trim()[0] ?? "?").toUpperCase()}
  </span>
);

/** The pencil colour a name always gets. */
export const pencilOf = (name: string): 1 | 2 | 3 | 4 =>
  (([...name].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) >>> 0, 7) % 4) + 1) as 1 | 2 | 3 | 4;

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (n: number): string => String(n).padStart(2, "0");

/** A time as people say it; UTC, so that server and browser agree. */
export const Time = ({ at }: { at: string | null }) => {
  if (!at) return <span className="dim">–</span>;
  const date = new Date(at);
  const text = `${date.getUTCDate()} ${months[date.getUTCMonth()]}, ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
  return (
    <time dateTime={at} title={`${at.slice(0, 19).replace("T", " ")} UTC`} className="nowrap">
      {text}
    </time>
  );
};

/** A length of time as 12 ms, 0.4 s, 12 s, 1 m 12 s, 2 h 5 m. */
export const duration = (ms: number): string => {
  if (ms < 100) return `${Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.round(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m ${Math.round(s % 60)} s`;
  return `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} m`;
};

/** Bytes as 12 kB, 3.4 MB. */
export const bytes = (n: number): string =>
  n < 1000 ? `${n} B` : n < 1e6 ? `${Math.round(n / 1000)} kB` : n < 1e9 ? `${(n / 1e6).toFixed(1)} MB` : `${(n / 1e9).toFixed(1)} GB`;

/** Whole numbers with thin groups: 9,857. */
export const whole = (n: number): string => n.toLocaleString("en-US");

/** A metric with four digits that matter, a minus as wide as a digit. */
export const metric = (value: number | undefined | null): string => {
  if (value === undefined || value === null) return "–";
  if (Math.abs(value) >= 1000) return whole(Math.round(value)).replace(/^-/, "−");
  const text = Math.abs(value) < 1e-4 && value !== 0 ? value.toExponential(1) : value.toFixed(4).replace(/\.?0+$/, "") || "0";
  return text.replace(/^-/, "−");
};
