"use client";
// The strip of facts at the foot of a notebook: session, walls, memory, revision, and whether what you wrote is on disk.
import { useCallback, useState } from "react";
import { Countdown } from "#components/notebook/countdown.tsx";
import { SessionDialog } from "#components/notebook/session-dialog.tsx";
import type { Saved } from "#components/notebook/use-document.ts";
import { State } from "#components/ui/state.tsx";
import type { Session } from "#lib/sessions/contract.ts";

const sessionWords: Record<Session["status"], { of: "queued" | "running" | "done" | "failed"; word: string }> = {
  none: { of: "queued", word: "No session" },
  starting: { of: "queued", word: "Session starts" },
  idle: { of: "done", word: "Session ready" },
  busy: { of: "running", word: "Session busy" },
  restarting: { of: "queued", word: "Session starts again" },
  lost: { of: "failed", word: "Session lost" },
};

const savedWords: Record<Saved["state"], string> = {
  saved: "all changes saved",
  saving: "saving",
  offline: "offline, changes are kept here",
  refused: "this page may not save; reload it",
};

const memory = (mb: number): string => (mb >= 1000 ? `${(mb / 1024).toFixed(1)} GB` : `${mb} MB`);

type Props = {
  workspace: string;
  notebook: string;
  session: Session;
  saved: Saved;
  /** Absent for who may not run. */
  onKeep: (() => void) | null;
};

export const TitleBlock = ({ workspace, notebook, session, saved, onKeep }: Props) => {
  const { of, word } = sessionWords[session.status];
  const [isAsking, setAsking] = useState(false);
  const close = useCallback(() => setAsking(false), []);
  const device = session.device ?? "cpu";
  return (
    <>
      <footer className="block">
        <span>
          <State of={of}>{word}</State> <span className="dim">{session.kernel}</span>
        </span>
        <span>
          <span className="label">Device</span>
          {onKeep ? (
            <button type="button" className="lk" title="What the session asks for" onClick={() => setAsking(true)}>
              {device}
            </button>
          ) : (
            device
          )}
        </span>
        {session.memoryMb !== null ? (
          <span>
            <span className="label">Memory</span>
            {memory(session.memoryMb)} <span className="dim">of {memory(session.memoryLimitMb)}</span>
          </span>
        ) : null}
        {["idle", "busy", "restarting"].includes(session.status) && !session.isSandboxed && !session.server ? (
          <span>
            <State of="stale">Not sandboxed</State> <span className="dim">install bubblewrap on the server</span>
          </span>
        ) : null}
        <Countdown endsAt={session.endsAt} onKeep={onKeep} />
        {session.message ? <span className="dim">{session.message}</span> : null}
        <span className="fill" />
        <span>
          <span className="label">Revision</span>
          {saved.revision} <span className={saved.state === "refused" ? "failed" : "dim"}>{savedWords[saved.state]}</span>
        </span>
      </footer>
      {isAsking ? <SessionDialog workspace={workspace} notebook={notebook} onClose={close} /> : null}
    </>
  );
};
