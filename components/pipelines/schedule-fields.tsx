"use client";
// Choosing when a pipeline runs: a few usual times, or a cron of one's own, said back in words with the next three times.
import { useEffect, useState } from "react";
import { Time } from "#components/ui/figures.tsx";
import { call } from "#lib/kit/call.ts";
import { previewSchedule, type Schedule, type ShownSchedule } from "#lib/pipelines/contract.ts";

const usual = [
  { cron: "30 2 * * *", word: "Every night at 02:30" },
  { cron: "0 * * * *", word: "Every hour" },
  { cron: "0 6 * * 1-5", word: "Weekdays at 06:00" },
  { cron: "0 3 * * 1", word: "Every Monday at 03:00" },
];

const here = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** What the server says of a schedule as somebody types it: its words, or why it is none. */
const usePreview = (workspace: string, schedule: Schedule | null): { shown: ShownSchedule | null; problem: string | null } => {
  const [answer, setAnswer] = useState<{ shown: ShownSchedule | null; problem: string | null }>({ shown: null, problem: null });
  const { cron, timeZone } = schedule ?? { cron: "", timeZone: "" };
  useEffect(() => {
    if (cron === "") return setAnswer({ shown: null, problem: null });
    const gone = new AbortController();
    const timer = setTimeout(() => {
      call(previewSchedule, { workspace, cron, timeZone }, { signal: gone.signal }).then(
        (shown) => setAnswer({ shown, problem: null }),
        (error: Error) => gone.signal.aborted || setAnswer({ shown: null, problem: error.message }),
      );
    }, 200);
    return () => {
      clearTimeout(timer);
      gone.abort();
    };
  }, [workspace, cron, timeZone]);
  return answer;
};

type Props = { workspace: string; value: Schedule | null; onChange: (schedule: Schedule | null) => void };

export const ScheduleFields = ({ workspace, value, onChange }: Props) => {
  const [isOwn, setOwn] = useState(value !== null && !usual.some((one) => one.cron === value.cron));
  const { shown, problem } = usePreview(workspace, value);
  const zone = value?.timeZone ?? here();
  const choose = (choice: string): void => {
    setOwn(choice === "own");
    if (choice === "none") onChange(null);
    else onChange({ cron: choice === "own" ? (value?.cron ?? usual[0]!.cron) : choice, timeZone: zone });
  };
  return (
    <div className="schedule">
      <label className="field">
        <span>Runs</span>
        <select value={value === null ? "none" : isOwn ? "own" : value.cron} onChange={(event) => choose(event.target.value)}>
          <option value="none">By hand only</option>
          {usual.map((one) => (
            <option key={one.cron} value={one.cron}>
              {one.word}
            </option>
          ))}
          <option value="own">At times of my own</option>
        </select>
      </label>
      {value ? (
        <div className="two">
          {isOwn ? (
            <label className="field">
              <span>Cron</span>
              <input
                className="mono"
                value={value.cron}
                spellCheck={false}
                onChange={(event) => onChange({ cron: event.target.value, timeZone: zone })}
              />
              <small>minute, hour, day, month, weekday</small>
            </label>
          ) : null}
          <label className="field">
            <span>Time zone</span>
            <input value={zone} spellCheck={false} onChange={(event) => onChange({ cron: value.cron, timeZone: event.target.value })} />
          </label>
        </div>
      ) : null}
      {problem ? <p className="problem">{problem}</p> : null}
      {value && shown ? (
        <small className="soft" aria-live="polite">
          {shown.words}. Next, UTC:{" "}
          {shown.next.map((at, i) => (
            <span key={at}>
              {i > 0 ? " · " : ""}
              <Time at={at} />
            </span>
          ))}
        </small>
      ) : null}
    </div>
  );
};
