"use client";
// The run stream of a page: session, cell states and outputs as the server tells them, resumed by number after a break.
import { useEffect, useReducer } from "react";
import type { CellState, Output, RunEvent, Session } from "#lib/sessions/contract.ts";
import { streamPath } from "#lib/sessions/contract.ts";

export type Outputs = Record<string, Output[]>;
export type Running = { seq: number; session: Session; cells: Record<string, CellState>; outputs: Outputs };

const put = (outputs: Outputs, cellId: string, index: number, output: Output): Outputs => {
  const list = [...(outputs[cellId] ?? [])];
  list[index] = output;
  return { ...outputs, [cellId]: list };
};

const apply = (now: Running, event: RunEvent): Running => {
  const at = { ...now, seq: Math.max(now.seq, event.seq) };
  if (event.type === "snapshot")
    return {
      seq: event.seq,
      session: event.session,
      cells: Object.fromEntries(event.cells.map((cell) => [cell.cellId, cell])),
      outputs: event.outputs,
    };
  if (event.type === "session") return { ...at, session: event.session };
  if (event.type === "cell") return { ...at, cells: { ...now.cells, [event.cell.cellId]: event.cell } };
  if (event.type === "output") return { ...at, outputs: put(now.outputs, event.cellId, event.index, event.output) };
  if (event.type === "clear") return { ...at, outputs: { ...now.outputs, [event.cellId]: [] } };
  const last = now.outputs[event.cellId]?.[event.index];
  if (last?.output_type !== "stream") return at;
  return { ...at, outputs: put(now.outputs, event.cellId, event.index, { ...last, text: last.text + event.text }) };
};

/** When the last cell ended; empty before any has. */
export const lastEndOf = (cells: Running["cells"]): string =>
  Object.values(cells).reduce((last, { endedAt }) => (endedAt && endedAt > last ? endedAt : last), "");

const reduce = (now: Running, events: RunEvent[]): Running => events.reduce(apply, now);

/** Listens until the page goes; a refused socket (signed out, no right) is not tried again. */
export const useSession = (
  workspace: string,
  notebook: string,
  first: { seq: number; session: Session; cells: CellState[]; outputs: Outputs },
): Running => {
  const [running, tell] = useReducer(reduce, first, (given) => ({
    seq: given.seq,
    session: given.session,
    cells: Object.fromEntries(given.cells.map((cell) => [cell.cellId, cell])),
    outputs: given.outputs,
  }));
  useEffect(() => {
    let socket: WebSocket | null = null;
    let isGone = false;
    let seq = first.seq;
    let wait = 250;
    const connect = (): void => {
      if (isGone) return;
      socket = new WebSocket(
        `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${streamPath(workspace, notebook)}?after=${seq}`,
      );
      socket.onmessage = (message) => {
        const events = JSON.parse(message.data as string) as RunEvent[];
        seq = Math.max(seq, ...events.map((event) => event.seq));
        wait = 250;
        tell(events);
      };
      socket.onclose = (event) => {
        if (event.code >= 4400 && event.code < 4500) return;
        setTimeout(connect, wait);
        wait = Math.min(5000, wait * 1.6);
      };
    };
    connect();
    return () => {
      isGone = true;
      socket?.close();
    };
  }, [workspace, notebook, first.seq]);
  return running;
};
