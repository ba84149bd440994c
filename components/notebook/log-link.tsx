"use client";
// The whole text of a cell whose output was cut on screen, as a file; asked for first, since it goes with its session.
import { useState } from "react";
import { downloadLog } from "#lib/sessions/contract.ts";

type Props = { workspace: string; notebook: string; cell: string };

const addressOf = ({ workspace, notebook, cell }: Props): string =>
  `/api/v1${downloadLog.path.replace("{workspace}", workspace).replace("{notebook}", notebook).replace("{cell}", encodeURIComponent(cell))}`;

/** Looks whether the log is still there, reading no more than its head, and then lets the browser fetch it. */
export const LogLink = (place: Props) => {
  const [problem, setProblem] = useState<string | null>(null);
  const fetchLog = async (): Promise<void> => {
    setProblem(null);
    const looking = new AbortController();
    try {
      const answer = await fetch(addressOf(place), { signal: looking.signal });
      if (!answer.ok) {
        const body = (await answer.json().catch(() => null)) as { error?: { message?: string } } | null;
        return setProblem(body?.error?.message ?? "The log could not be read. Try again in a moment.");
      }
      looking.abort();
      const link = Object.assign(document.createElement("a"), { href: addressOf(place), download: `${place.cell}.log` });
      link.click();
    } catch {
      setProblem("The server does not answer. Try again in a moment.");
    }
  };
  return (
    <p className="why">
      <button type="button" className="btn" onClick={() => void fetchLog()}>
        Download the whole log
      </button>
      {problem ? <span role="alert">{problem}</span> : null}
    </p>
  );
};
