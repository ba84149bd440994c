// Everything a kernel said, numbered, kept until its consumer has stored it. A browser may close, the web process may be killed: whoever
// comes next asks for what follows the last number it stored. At the bound a kernel is paused, never its output dropped; only a kernel
// that no product consumer ever listened to (a stock Jupyter client's) forgets its oldest lines instead.
import type { Channel, Message } from "#kernel/jupyter/wire.ts";

export type Entry = { seq: number; channel: Channel; msg: Message };
type Reader = (entry: Entry) => void;

export type Journal = {
  append: (channel: Channel, msg: Message) => void;
  /** Entries after a number now, later ones as they come; `lost` names the first entry still kept when some are gone. */
  read: (after: number, reader: Reader) => { lost: number | null; stop: () => void };
  ack: (seq: number) => void;
  /** Number of the latest entry. */
  last: () => number;
  isFull: () => boolean;
  onRoom: (listener: () => void) => void;
};

const sizeOf = (msg: Message): number => 400 + JSON.stringify(msg.content).length;

/** Opens a journal bounded by bytes; `isKept` says whether a product consumer must see every entry. */
export const openJournal = (boundBytes: number, isKept: boolean): Journal => {
  const entries: { entry: Entry; size: number }[] = [];
  const readers = new Set<Reader>();
  let bytes = 0;
  let lastSeq = 0;
  let dropped = 0;
  let roomListener: (() => void) | null = null;

  const dropFirst = (): void => {
    const first = entries.shift();
    if (!first) return;
    bytes -= first.size;
    dropped = first.entry.seq;
  };

  return {
    append: (channel, msg) => {
      const entry = { seq: ++lastSeq, channel, msg };
      const size = sizeOf(msg);
      entries.push({ entry, size });
      bytes += size;
      while (!isKept && bytes > boundBytes && entries.length > 1) dropFirst();
      for (const reader of readers) reader(entry);
    },
    read: (after, reader) => {
      const lost = dropped > after ? dropped + 1 : null;
      for (const { entry } of entries) if (entry.seq > after) reader(entry);
      readers.add(reader);
      return { lost, stop: () => void readers.delete(reader) };
    },
    ack: (seq) => {
      while (entries[0] && entries[0].entry.seq <= seq) dropFirst();
      if (bytes < boundBytes / 2) roomListener?.();
    },
    last: () => lastSeq,
    isFull: () => isKept && bytes > boundBytes,
    onRoom: (listener) => {
      roomListener = listener;
    },
  };
};
