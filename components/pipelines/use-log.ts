"use client";
// Following the log of one stage: everything so far, then what comes, once a second until the run has ended.
import { useEffect, useState } from "react";
import { call } from "#lib/kit/call.ts";
import { type LogEntry, readPipelineLog } from "#lib/pipelines/contract.ts";

type Log = { entries: LogEntry[]; problem: string | null; isWhole: boolean };
/** Lines kept on the screen; the whole log is in the run. */
const most = 5000;

export const useLog = (workspace: string, pipeline: string, number: number, stage: string): Log => {
  const [log, setLog] = useState<Log>({ entries: [], problem: null, isWhole: false });
  useEffect(() => {
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let after = 0;
    setLog({ entries: [], problem: null, isWhole: false });
    const look = async (): Promise<void> => {
      try {
        const answer = await call(
          readPipelineLog,
          { workspace, pipeline, number, stage, afterSeq: after, limit: 2000 },
          { signal: gone.signal },
        );
        after = answer.nextSeq;
        const isOver = answer.hasEnded && answer.entries.length === 0;
        setLog((was) => ({ entries: [...was.entries, ...answer.entries].slice(-most), problem: null, isWhole: isOver }));
        if (!isOver) timer = setTimeout(look, answer.entries.length >= 2000 || answer.hasEnded ? 0 : 1000);
      } catch (error) {
        if (gone.signal.aborted) return;
        setLog((was) => ({ ...was, problem: error instanceof Error ? error.message : String(error) }));
        timer = setTimeout(look, 3000);
      }
    };
    void look();
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [workspace, pipeline, number, stage]);
  return log;
};
