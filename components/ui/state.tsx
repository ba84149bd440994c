// States and roles: a glyph and a word, colour third. The colours of these ten concepts appear nowhere else.
import type { ReactNode } from "react";

const glyphs = {
  queued: <circle cx="6" cy="6" r="4.5" strokeDasharray="1.5 2" />,
  running: <path d="M6 1.5A4.5 4.5 0 1 1 1.5 6" />,
  stale: <path d="M3 1.5h6M3 10.5h6M3.7 1.5c0 3 4.6 6 4.6 9M8.3 1.5c0 3-4.600 6-4.600 9" />,
  failed: <path d="m2.500 2.500 7 7M9.500 2.500l-7 7" strokeWidth="2" />,
  done: <path d="m1.800 6.500 2.700 2.700 5.700-6.400" />,
  drifted: (
    <>
      <path d="M1 8.500c2 0 2-5 4.500-5s1.500 5 5.500 5" />
      <path d="M1 10.800h10" strokeWidth="1" />
    </>
  ),
} satisfies Record<string, ReactNode>;
export type StateName = keyof typeof glyphs;

const words: Record<StateName, string> = {
  queued: "Queued",
  running: "Running",
  stale: "Stale",
  failed: "Failed",
  done: "Done",
  drifted: "Drifted",
};

/** A state's glyph alone, named for readers. */
export const StateGlyph = ({ of }: { of: StateName }) => (
  <span className={`st ${of}`} role="img" aria-label={words[of]}>
    <svg viewBox="0 0 12 12" aria-hidden="true">
      {glyphs[of]}
    </svg>
  </span>
);

/** A state in words; `children` replaces the word. */
export const State = ({ of, children }: { of: StateName; children?: ReactNode }) => (
  <span className={`st ${of}`}>
    <svg viewBox="0 0 12 12" aria-hidden="true">
      {glyphs[of]}
    </svg>
    {children ?? words[of]}
  </span>
);

const marks = {
  champion: <path className="full" d="M2.500 11.500V1.500h7.500L8 4.200l2 2.800H2.500" />,
  challenger: <path d="M2.500 11.500V1.500h7.500L8 4.200l2 2.800H2.500" />,
  canary: <path d="M6 1 11.200 10.500H.8z" />,
  shadow: (
    <>
      <circle cx="6" cy="6" r="4.600" />
      <path d="M3 8.500 8.500 3M5 9.800 9.800 5" />
    </>
  ),
} satisfies Record<string, ReactNode>;
export type RoleName = keyof typeof marks;
export const isRoleName = (text: string): text is RoleName => text in marks;

/** The role of a version. */
export const Role = ({ of, children }: { of: RoleName; children?: ReactNode }) => (
  <span className={`role ${of}`}>
    <svg viewBox="0 0 12 12" aria-hidden="true">
      {marks[of]}
    </svg>
    {children ?? of[0]!.toUpperCase() + of.slice(1)}
  </span>
);
