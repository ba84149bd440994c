// Icons of the house as one map of paths, 16 × 16, 1.5 px strokes. Always beside a word, or with a label of their own.
import type { ReactNode } from "react";

const paths = {
  notebooks: (
    <>
      <path d="M4 2.5h8.5v11H4z" />
      <path d="M2.5 5h3M2.5 8h3M2.5 11h3" />
    </>
  ),
  datasets: (
    <>
      <ellipse cx="8" cy="4" rx="5" ry="1.9" />
      <path d="M3 4v8c0 1 2.2 1.9 5 1.9s5-.9 5-1.9V4M3 8c0 1 2.2 1.9 5 1.9S13 9 13 8" />
    </>
  ),
  experiments: <path d="M6 2.5h4M6.7 2.5v4L3.2 12.3a.8.8 0 0 0 .7 1.2h8.2a.8.8 0 0 0 .7-1.2L9.3 6.5v-4M4.8 9.8h6.4" />,
  tuning: (
    <>
      <path d="M2 4.500h5.500M10.500 4.500H14M2 11.500h2.500M7.500 11.500H14" />
      <circle cx="9" cy="4.500" r="1.500" />
      <circle cx="6" cy="11.500" r="1.500" />
    </>
  ),
  evaluation: (
    <>
      <path d="M2 13.500h12M3.500 13.500V9M7 13.500V5.500M10.500 13.500V8" />
      <path d="m8.800 3.800 1.700 1.700 3.500-3.500" />
    </>
  ),
  models: (
    <>
      <path d="M8 2 13.5 5v6L8 14l-5.5-3V5z" />
      <path d="M2.5 5 8 8l5.5-3M8 8v6" />
    </>
  ),
  pipelines: (
    <>
      <circle cx="3.8" cy="8" r="1.7" />
      <circle cx="12.2" cy="4" r="1.7" />
      <circle cx="12.2" cy="12" r="1.7" />
      <path d="M5.5 8H8V4h2.5M8 8v4h2.5" />
    </>
  ),
  serving: (
    <>
      <path d="M2.5 8h7M7 5l3 3-3 3" />
      <path d="M10 2.5h3.5v11H10" />
    </>
  ),
  monitoring: <path d="M1.5 9h3l2-5 3 8.5L11.5 7l1 2h2" />,
  costs: (
    <>
      <path d="M3.500 2h9v12l-2.200-1.500L8 14l-2.300-1.500L3.500 14z" />
      <path d="M6 5.500h4M6 8.500h4" />
    </>
  ),
  settings: (
    <>
      <circle cx="8" cy="8" r="2" />
      <path d="M8 2v2M8 12v2M2 8h2M12 8h2M3.8 3.8l1.4 1.4M10.8 10.8l1.4 1.4M12.2 3.8l-1.4 1.4M5.2 10.8l-1.4 1.4" />
    </>
  ),
  promote: <path d="M2.5 13.5h11M8 10.5v-8M4.5 6 8 2.5 11.5 6" />,
  stop: <rect x="4" y="4" width="8" height="8" rx="1" />,
  play: <path d="M5 3.5v9l7-4.5z" />,
  restart: <path d="M13 6.5A5.2 5.2 0 1 0 13 10M13 3v3.5H9.500" />,
  search: (
    <>
      <circle cx="7" cy="7" r="4.2" />
      <path d="m10.2 10.2 3.3 3.3" />
    </>
  ),
  add: <path d="M8 3v10M3 8h10" />,
  close: <path d="M4 4l8 8M12 4l-8 8" />,
  bin: <path d="M3 4.500h10M6 4.500V3h4v1.500M4.500 4.500l.6 9h5.800l.6-9" />,
  up: <path d="M8 13V3.500M4.500 7 8 3.500 11.500 7" />,
  down: <path d="M8 3v9.500M4.500 9 8 12.500 11.500 9" />,
  text: <path d="M3 4h10M3 8h10M3 12h6" />,
  code: <path d="m5.500 4.500-3.500 3.500 3.500 3.500M10.500 4.500 14 8l-3.500 3.500" />,
  file: <path d="M4 2h5l3 3v9H4zM9 2v3h3" />,
  back: <path d="M6 4 3 7l3 3M3 7h6.500a3.500 3.500 0 0 1 0 7H8" />,
  more: (
    <>
      <circle cx="3.500" cy="8" r=".6" />
      <circle cx="8" cy="8" r=".6" />
      <circle cx="12.500" cy="8" r=".6" />
    </>
  ),
  lock: (
    <>
      <rect x="3.500" y="7" width="9" height="6.500" rx="1" />
      <path d="M5.500 7V5a2.500 2.500 0 0 1 5 0v2" />
    </>
  ),
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof paths;

/** One icon; hidden from readers unless it has a label. */
export const Icon = ({ name, label }: { name: IconName; label?: string }) => (
  <svg className="i" viewBox="0 0 16 16" {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true })}>
    {paths[name]}
  </svg>
);

/** The mark of the house: a pair of compasses. */
export const Mark = () => (
  <svg
    width="20"
    height="20"
    viewBox="0 0 20 20"
    fill="none"
    stroke="currentColor"
    strokeWidth="1.7"
    strokeLinecap="round"
    strokeLinejoin="round"
    aria-hidden="true"
  >
    <circle cx="10" cy="3.6" r="1.7" />
    <path d="M9.3 5.2 4 17.5M10.7 5.2 16 17.5M5.7 13.3c2.800 1.600 5.800 1.600 8.600 0" />
  </svg>
);
