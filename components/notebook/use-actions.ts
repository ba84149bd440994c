"use client";
// Everything that can be done to a notebook's cells from the page: structure through the document, running through the server.
import { useMemo } from "react";
import type { CellRef, Shared } from "#components/notebook/use-document.ts";
import { useToast } from "#components/ui/toast.tsx";
import { call } from "#lib/kit/call.ts";
import { isProblem } from "#lib/kit/problem.ts";
import { addCell, convertCell, deleteCell, hashSource, moveCell } from "#lib/notebooks/document.ts";
import { interruptSession, keepSession, restartSession, runCells } from "#lib/sessions/contract.ts";

const newCellId = (): string =>
  `cell_${Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => "0123456789abcdefghjkmnpqrstvwxyz"[byte % 32]).join("")}`;
const settle = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Actions bound to one notebook; each is safe to call at any moment. */
export const useActions = (workspace: string, notebook: string, shared: Shared | null, cells: CellRef[]) => {
  const say = useToast();
  return useMemo(() => {
    const place = { workspace, notebook };
    const refuse = (error: unknown): void => say({ text: error instanceof Error ? error.message : String(error), isFailure: true });
    const send = (chosen: CellRef[]) =>
      call(runCells, { ...place, cells: chosen.map((cell) => ({ cellId: cell.id, sourceHash: hashSource(cell.text.toString()) })) });
    const run = async (chosen: CellRef[]): Promise<void> => {
      const code = chosen.filter((cell) => cell.type === "code");
      if (code.length === 0) return;
      for (let attempt = 0; ; attempt++) {
        try {
          await send(code);
          return;
        } catch (error) {
          // what was typed a moment ago may still be on its way to the server
          if (attempt >= 4 || !isProblem(error) || error.code !== "sessions.source_moved") return refuse(error);
          await settle(120 * (attempt + 1));
        }
      }
    };
    return {
      run,
      runAll: () => run(cells),
      interrupt: () => call(interruptSession, place).catch(refuse),
      restart: () => call(restartSession, place).catch(refuse),
      keep: () => void call(keepSession, place).catch(refuse),
      add: (after: string | null, cellType: "code" | "markdown" = "code"): string | null => {
        if (!shared) return null;
        const id = newCellId();
        addCell(shared.doc, { id, cellType, after }, shared.origin);
        return id;
      },
      remove: (id: string) => {
        if (!shared) return;
        deleteCell(shared.doc, id, shared.origin);
        say({ text: "The cell is gone.", action: { label: "Take back", run: () => void shared.undo.undo() } });
      },
      convert: (id: string, to: "code" | "markdown") => shared && convertCell(shared.doc, id, to, shared.origin),
      moveUp: (id: string) => {
        const at = cells.findIndex((cell) => cell.id === id);
        if (shared && at > 0) moveCell(shared.doc, id, cells[at - 2]?.id ?? null, shared.origin);
      },
      moveDown: (id: string) => {
        const at = cells.findIndex((cell) => cell.id === id);
        const next = cells[at + 1];
        if (shared && at >= 0 && next) moveCell(shared.doc, id, next.id, shared.origin);
      },
      undo: () => shared?.undo.undo(),
    };
  }, [workspace, notebook, shared, cells, say]);
};

export type Actions = ReturnType<typeof useActions>;
