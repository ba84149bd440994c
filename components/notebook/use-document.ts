"use client";
// The co-edited document of a page: connection, presence, the truth about saving. The list of cells is a snapshot that changes identity
// only when the structure changes; texts are watched cell by cell.
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { syncSavedMessage } from "#lib/notebooks/contract.ts";
import { type CellMap, idOf, orderedCells, textOf, typeOf } from "#lib/notebooks/document.ts";

export type Saved = { state: "saved" | "saving" | "offline" | "refused"; revision: number };
export type Person = { client: number; name: string; pencil: 1 | 2 | 3 | 4; cellId: string | null; anchor: unknown; head: unknown };
export type Shared = { doc: Y.Doc; provider: WebsocketProvider; undo: Y.UndoManager; origin: object };

/** Opens the document of a notebook for the life of the page. */
export const useDocument = (notebookId: string, epoch: number, firstRevision: number, me: { name: string; pencil: 1 | 2 | 3 | 4 }) => {
  const [shared, setShared] = useState<Shared | null>(null);
  const [isSynced, setSynced] = useState(false);
  const [saved, setSaved] = useState<Saved>({ state: "saved", revision: firstRevision });
  const { name, pencil } = me;
  useEffect(() => {
    const doc = new Y.Doc();
    const origin = {};
    const provider = new WebsocketProvider(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/sync`, notebookId, doc, {
      params: { epoch: String(epoch) },
      disableBc: true,
    });
    const undo = new Y.UndoManager(doc.getMap("cells"), { trackedOrigins: new Set([origin]), captureTimeout: 600 });
    let unsaved = 0;
    let isConnected = false;
    const show = (more: Partial<Saved> = {}): void =>
      setSaved((now) => ({
        ...now,
        ...more,
        state: more.state ?? (!isConnected && unsaved > 0 ? "offline" : unsaved > 0 ? "saving" : "saved"),
      }));
    doc.on("update", (_update: Uint8Array, from: unknown) => {
      if (from === provider) return;
      unsaved += 1;
      show();
    });
    provider.messageHandlers[syncSavedMessage] = (_encoder, decoder) => {
      let revision = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = decoder.arr[decoder.pos++]!;
        revision += (byte & 127) * 2 ** shift;
        if (byte < 128) break;
      }
      unsaved = 0;
      show({ revision });
    };
    provider.on("sync", (isDone: boolean) => isDone && setSynced(true));
    provider.on("status", ({ status }: { status: string }) => {
      isConnected = status === "connected";
      show();
    });
    (provider as unknown as { on: (name: string, hear: () => void) => void }).on("closed", () => show({ state: "refused" }));
    provider.awareness.setLocalStateField("user", { name, pencil });
    setShared({ doc, provider, undo, origin });
    return () => {
      undo.destroy();
      provider.destroy();
      doc.destroy();
    };
  }, [notebookId, epoch, name, pencil]);
  return { shared, isSynced, saved };
};

export type CellRef = { id: string; type: "code" | "markdown"; text: Y.Text; cell: CellMap };

/** Cells in order; the array changes when cells come, go, move or change their type. */
export const useCells = (shared: Shared | null): CellRef[] => {
  const store = useMemo(() => {
    let key = "";
    let cells: CellRef[] = [];
    return {
      read: (): CellRef[] => {
        if (!shared) return cells;
        const next = orderedCells(shared.doc);
        const nextKey = next.map((cell) => `${idOf(cell)}:${typeOf(cell)}`).join(" ");
        if (nextKey !== key) {
          key = nextKey;
          cells = next.map((cell) => ({ id: idOf(cell), type: typeOf(cell), text: textOf(cell), cell }));
        }
        return cells;
      },
    };
  }, [shared]);
  const subscribe = useCallback(
    (tell: () => void) => {
      const map = shared?.doc.getMap("cells");
      map?.observeDeep(tell);
      return () => map?.unobserveDeep(tell);
    },
    [shared],
  );
  return useSyncExternalStore(subscribe, store.read, store.read);
};

/** The text of one cell as it changes. */
export const useText = (text: Y.Text): string => {
  const subscribe = useCallback(
    (tell: () => void) => {
      text.observe(tell);
      return () => text.unobserve(tell);
    },
    [text],
  );
  const read = useCallback(() => text.toString(), [text]);
  return useSyncExternalStore(subscribe, read, read);
};

/** Everybody else on the page, with where their caret is. */
export const usePeople = (shared: Shared | null): Person[] => {
  const [people, setPeople] = useState<Person[]>([]);
  useEffect(() => {
    if (!shared) return;
    const { awareness } = shared.provider;
    const look = (): void => {
      const found: Person[] = [];
      for (const [client, state] of awareness.getStates()) {
        const user = state.user as { name?: string; pencil?: 1 | 2 | 3 | 4 } | undefined;
        const caret = state.caret as { cellId?: string; anchor?: unknown; head?: unknown } | undefined;
        if (client !== shared.doc.clientID && user?.name)
          found.push({
            client,
            name: user.name,
            pencil: user.pencil ?? 1,
            cellId: caret?.cellId ?? null,
            anchor: caret?.anchor,
            head: caret?.head,
          });
      }
      setPeople(found);
    };
    awareness.on("change", look);
    look();
    return () => awareness.off("change", look);
  }, [shared]);
  return people;
};
