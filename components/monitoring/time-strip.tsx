// The last days of an endpoint on one strip: which version answered when, how long features had drifted, and when requests failed.
import type { Happening, MonitorPage } from "#lib/monitoring/contract.ts";
import type { EndpointPage } from "#lib/serving/contract.ts";

type Span = { key: string; from: number; to: number; word: string; kind: "now" | "before" | "drifted" | "failed" };
type Window = { from: number; to: number };

const most = 7 * 86_400_000;
const least = 10 * 60_000;
const two = (value: number): string => String(value).padStart(2, "0");
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const tickWord = (at: number, length: number): string => {
  const date = new Date(at);
  return length > 36 * 3_600_000
    ? `${date.getUTCDate()} ${months[date.getUTCMonth()]}`
    : `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
};

const steps = [60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 21_600_000, 43_200_000, 86_400_000];

/** Round moments inside the window, at most seven; the last tenth belongs to the word "now". */
const ticksOf = ({ from, to }: Window): number[] => {
  const step = steps.find((one) => (to - from) / one <= 7) ?? most;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: 8 }, (_, i) => first + i * step).filter((at) => at < to - (to - from) / 16);
};

const championSpans = ({ revisions, current, trashedAt }: EndpointPage, to: number): Span[] =>
  revisions
    .filter((one) => one.servingAt !== null)
    .map((one) => ({
      key: one.id,
      from: Date.parse(one.servingAt!),
      to: Date.parse(one.replacedAt ?? trashedAt ?? new Date(to).toISOString()),
      word: String(one.version),
      kind: one.id === current?.id ? "now" : "before",
    }));

const alertSpans = (happenings: readonly Happening[], to: number): Span[] =>
  happenings
    .filter((one) => one.kind === "drifted" || one.kind === "failed")
    .map((one) => ({
      key: one.id,
      from: Date.parse(one.at),
      to: one.kind === "failed" ? Date.parse(one.at) : one.until ? Date.parse(one.until) : to,
      word: "",
      kind: one.kind as "drifted" | "failed",
    }));

const Track = ({ name, spans, window }: { name: string; spans: Span[]; window: Window }) => {
  const place = (at: number): number => (100 * (Math.min(Math.max(at, window.from), window.to) - window.from)) / (window.to - window.from);
  return (
    <div className="track">
      <span className="label">{name}</span>
      <div>
        {spans
          .filter((one) => one.to >= window.from)
          .map((one) => (
            <i
              key={one.key}
              className={`is-${one.kind}`}
              style={{ left: `${place(one.from)}%`, width: `${place(one.to) - place(one.from)}%` }}
            >
              {place(one.to) - place(one.from) > 3 ? one.word : ""}
            </i>
          ))}
      </div>
    </div>
  );
};

export const TimeStrip = ({ endpoint, monitor }: { endpoint: EndpointPage; monitor: MonitorPage }) => {
  const to = Date.parse(monitor.points.at(-1)!.at) + monitor.stepMs;
  const begun = Math.min(to - least, ...endpoint.revisions.map((one) => Date.parse(one.at)));
  const window = { from: Math.max(begun, to - most), to };
  return (
    <div className="strip" aria-hidden="true">
      <Track name="Champion" spans={championSpans(endpoint, to)} window={window} />
      <Track name="Alerts" spans={alertSpans(monitor.happenings, to)} window={window} />
      <div className="ticks">
        {ticksOf(window).map((at) => (
          <span key={at} style={{ left: `${(100 * (at - window.from)) / (to - window.from)}%` }}>
            {tickWord(at, to - window.from)}
          </span>
        ))}
        <b>now</b>
      </div>
    </div>
  );
};
