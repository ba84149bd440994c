"use client";
// The last minutes of an idle session: how long it still lives, and the button that keeps it.
import { useEffect, useState } from "react";
import { State } from "#components/ui/state.tsx";

const shownMs = 5 * 60_000;

/** Minutes and seconds as a clock. */
export const clock = (ms: number): string => {
  const s = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
};

export const Countdown = ({ endsAt, onKeep }: { endsAt: string | null; onKeep: (() => void) | null }) => {
  const [now, setNow] = useState<number | null>(null);
  useEffect(() => {
    if (!endsAt) return;
    const tick = (): void => setNow(Date.now());
    tick();
    const timer = setInterval(tick, 500);
    return () => clearInterval(timer);
  }, [endsAt]);
  const left = endsAt && now !== null ? Date.parse(endsAt) - now : null;
  if (left === null || left > shownMs) return null;
  return (
    <span role="timer" aria-label="Idle session">
      <State of="stale">Ends in {clock(left)}</State>
      {onKeep ? (
        <button type="button" className="btn quiet" onClick={onKeep}>
          Keep
        </button>
      ) : null}
    </span>
  );
};
