// Documents that people have open in this process. One document is loaded before anybody is served, stores what it gathers within 200 ms,
// says "saved" after commit, compacts itself, and is let go when the last reader leaves.
import * as Y from "yjs";
import { now } from "#lib/kit/clock.ts";
import { log } from "#lib/kit/log.ts";
import { reading } from "#lib/kit/verb.ts";
import { orderedCells } from "#lib/notebooks/document.ts";
import * as store from "#lib/notebooks/store.ts";

const gatherMs = 200;
const compactAfter = 300;

export type LiveDocument = {
  id: string;
  doc: Y.Doc;
  /** Applies a person's update; it is stored with their name. */
  apply: (update: Uint8Array, by: string, origin: unknown) => void;
  /** Stores what is gathered; resolves after commit. */
  flush: () => Promise<void>;
  onSaved: (listener: (revision: number) => void) => () => void;
  release: () => void;
};

type Held = { document: Promise<LiveDocument>; users: number };
const shared = globalThis as { atelierDocuments?: Map<string, Held> };
const held = (): Map<string, Held> => {
  shared.atelierDocuments ??= new Map();
  return shared.atelierDocuments;
};

const load = async (id: string): Promise<Omit<LiveDocument, "release">> => {
  const doc = new Y.Doc({ gc: true });
  const history = await store.readHistory(reading(), id);
  for (const part of history.parts) Y.applyUpdate(doc, part, "load");
  let pending: Uint8Array[] = [];
  let author: string | null = null;
  let timer: NodeJS.Timeout | null = null;
  let storing: Promise<void> = Promise.resolve();
  let stored = history.updates;
  const listeners = new Set<(revision: number) => void>();

  const storeNow = async (): Promise<void> => {
    if (pending.length === 0) return;
    const updates = pending;
    const by = author;
    pending = [];
    const bytes = updates.length === 1 ? updates[0]! : Y.mergeUpdates(updates);
    try {
      const revision = await store.appendUpdate(id, { bytes, by, at: now(), cellCount: orderedCells(doc).length });
      stored += 1;
      if (revision !== null) for (const listener of listeners) listener(revision);
    } catch (error) {
      log.warn("a notebook could not be stored, trying again", { notebook: id, error: String(error) });
      pending = [...updates, ...pending];
      timer ??= setTimeout(flush, 1000);
      throw error;
    }
    if (stored >= compactAfter)
      await compactNow().catch((error: unknown) => log.warn("a notebook could not be compacted", { notebook: id, error: String(error) }));
  };

  /** Replays the stored rows (not this memory), so a snapshot holds exactly what was committed. */
  const compactNow = async (): Promise<void> => {
    const { parts, lastId } = await store.readHistory(reading(), id);
    const replay = new Y.Doc({ gc: true });
    replay.transact(() => {
      for (const part of parts) Y.applyUpdate(replay, part);
    });
    await store.compact(id, Y.encodeStateAsUpdate(replay), lastId);
    stored = 0;
  };

  const flush = (): Promise<void> => {
    if (timer) clearTimeout(timer);
    timer = null;
    storing = storing.catch(() => {}).then(storeNow);
    storing.catch(() => {});
    return storing;
  };

  doc.on("update", (update: Uint8Array, origin: unknown) => {
    if (origin === "load") return;
    pending.push(update);
    timer ??= setTimeout(flush, gatherMs);
  });

  return {
    id,
    doc,
    apply: (update, by, origin) => {
      author = by;
      Y.applyUpdate(doc, update, origin);
    },
    flush,
    onSaved: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
};

/** Opens a document for one reader, who must `release` it; loading is shared. */
export const openLive = async (id: string): Promise<LiveDocument> => {
  let entry = held().get(id);
  if (!entry) {
    const loading = load(id).then((document) => ({ ...document, release: () => {} }));
    entry = { document: loading, users: 0 };
    held().set(id, entry);
    loading.catch(() => held().delete(id));
  }
  entry.users += 1;
  const mine = entry;
  const document = await mine.document;
  let isReleased = false;
  const release = (): void => {
    if (isReleased) return;
    isReleased = true;
    mine.users -= 1;
    void document
      .flush()
      .catch(() => {})
      .finally(() => {
        if (mine.users > 0 || held().get(id) !== mine) return;
        held().delete(id);
        document.doc.destroy();
      });
  };
  return { ...document, release };
};

/** Stores what the live document of this process, if there is one, has gathered. */
export const flushLive = async (id: string): Promise<void> => {
  const entry = held().get(id);
  if (entry) await (await entry.document).flush();
};

/** The document as people in this process see it now, stored or not; null when nobody has it open here. */
export const openDocument = async (id: string): Promise<Y.Doc | null> => (await held().get(id)?.document)?.doc ?? null;

/** Stores everything that is open; called when the process ends. */
export const flushAll = async (): Promise<void> => {
  await Promise.allSettled([...held().keys()].map(flushLive));
};
