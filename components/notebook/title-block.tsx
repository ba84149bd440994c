// The strip of facts at the foot of a notebook: session, walls, memory, revision, and whether what you wrote is on disk.
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

export const TitleBlock = ({ session, saved }: { session: Session; saved: Saved }) => {
  const { of, word } = sessionWords[session.status];
  return (
    <footer className="block">
      <span>
        <State of={of}>{word}</State> <span className="dim">{session.kernel}</span>
      </span>
      <span>
        <span className="label">Device</span>cpu
      </span>
      {session.memoryMb !== null ? (
        <span>
          <span className="label">Memory</span>
          {memory(session.memoryMb)} <span className="dim">of {memory(session.memoryLimitMb)}</span>
        </span>
      ) : null}
      {session.status !== "none" && session.status !== "lost" && !session.isSandboxed ? (
        <span>
          <State of="stale">Not sandboxed</State> <span className="dim">install bubblewrap on the server</span>
        </span>
      ) : null}
      {session.message ? <span className="dim">{session.message}</span> : null}
      <span className="fill" />
      <span>
        <span className="label">Revision</span>
        {saved.revision} <span className={saved.state === "refused" ? "failed" : "dim"}>{savedWords[saved.state]}</span>
      </span>
    </footer>
  );
};
