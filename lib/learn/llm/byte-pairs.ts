// Byte-level byte-pair encoding, learnt from a text (Sennrich et al. 2016; over bytes as in GPT-2). A text is cut into words; each word is its
// bytes; again and again the pair of neighbours that stands most often in all words becomes one token. Equal counts: the pair with the smaller
// ids first. These are the rules of Hugging Face's trainer, and on a text the merges are its merges, one for one.
//
// A byte is written as a printable character, so that tokens can be read and written as texts: what is printable stands for itself, the other
// 68 bytes are shown as the characters from U+0100 on. A space is Ġ.

/** The character each byte is written as. */
export const byteCharacters: readonly string[] = (() => {
  const isPlain = (byte: number): boolean => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPlain(byte) ? byte : next++));
})();

/** How GPT-2 cuts a text into words: contractions, letters, digits or signs with the space before them, and other white space. */
const words = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

type Pair = { left: number; right: number; count: number };
/** Greatest count first, then smallest ids: a binary heap. Entries are not removed when counts change; who takes one looks whether it still holds. */
const openHeap = () => {
  const heap: Pair[] = [];
  const isBefore = (a: Pair, b: Pair): boolean =>
    a.count !== b.count ? a.count > b.count : a.left !== b.left ? a.left < b.left : a.right < b.right;
  const swap = (i: number, j: number): void => {
    [heap[i], heap[j]] = [heap[j]!, heap[i]!];
  };
  return {
    push: (one: Pair): void => {
      heap.push(one);
      for (let i = heap.length - 1; i > 0; ) {
        const parent = (i - 1) >> 1;
        if (!isBefore(heap[i]!, heap[parent]!)) break;
        swap(i, parent);
        i = parent;
      }
    },
    pop: (): Pair | undefined => {
      const first = heap[0];
      const last = heap.pop();
      if (heap.length > 0 && last) {
        heap[0] = last;
        for (let i = 0; ; ) {
          const [l, r] = [2 * i + 1, 2 * i + 2];
          let best = i;
          if (l < heap.length && isBefore(heap[l]!, heap[best]!)) best = l;
          if (r < heap.length && isBefore(heap[r]!, heap[best]!)) best = r;
          if (best === i) break;
          swap(i, best);
          i = best;
        }
      }
      return first;
    },
  };
};

export type BytePairs = { tokens: string[]; merges: [string, string][] };
type TrainOptions = {
  /** Tokens in all: special ones, 256 bytes, and a merge for each of the rest. */
  size: number;
  /** Tokens that never stand in a text: they come first. */
  special?: readonly string[];
  /** A pair seen less often is not merged. */
  minCount?: number;
};

/** Distinct words with the ids of their bytes and how often they stand in the texts. */
const countedWords = (texts: Iterable<string>, first: ReadonlyMap<string, number>): { ids: number[]; count: number }[] => {
  const counts = new Map<string, number>();
  for (const text of texts) for (const [word] of text.matchAll(words)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const encoder = new TextEncoder();
  return [...counts].map(([word, count]) => ({
    ids: Array.from(encoder.encode(word), (byte) => first.get(byteCharacters[byte]!)!),
    count,
  }));
};

/** Learns tokens and merges from texts. Stops early when no pair stands `minCount` times. */
export const trainBytePairs = (texts: Iterable<string>, { size, special = [], minCount = 2 }: TrainOptions): BytePairs => {
  if (!(size >= 256 + special.length && size <= 1_000_000))
    throw new Error(`A vocabulary of ${size} tokens cannot hold 256 bytes and ${special.length} special tokens, or is past a million`);
  const tokens = [...special, ...[...byteCharacters].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!)];
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const all = countedWords(texts, idOf);
  const counts = new Map<number, Pair>();
  const places = new Map<number, Set<number>>(); // words in which a pair has stood
  const keyOf = (left: number, right: number): number => left * 1_048_576 + right;
  const heap = openHeap();
  const touched = new Set<number>();

  /** Adds a word's pairs, or takes them away. */
  const tally = (index: number, sign: 1 | -1): void => {
    const { ids, count } = all[index]!;
    for (let i = 0; i + 1 < ids.length; i++) {
      const key = keyOf(ids[i]!, ids[i + 1]!);
      const pair = counts.get(key) ?? { left: ids[i]!, right: ids[i + 1]!, count: 0 };
      pair.count += sign * count;
      counts.set(key, pair);
      touched.add(key);
      if (sign === 1) places.set(key, (places.get(key) ?? new Set()).add(index));
    }
  };
  const offer = (): void => {
    for (const key of touched) if (counts.get(key)!.count > 0) heap.push({ ...counts.get(key)! });
    touched.clear();
  };

  for (const index of all.keys()) tally(index, 1);
  offer();
  const merges: [string, string][] = [];
  while (tokens.length < size) {
    const best = heap.pop();
    if (!best || best.count < Math.max(1, minCount)) break;
    const key = keyOf(best.left, best.right);
    if (counts.get(key)!.count !== best.count) continue; // an entry of the past; the present one is in the heap too
    const [left, right] = [tokens[best.left]!, tokens[best.right]!];
    const merged = idOf.get(left + right) ?? tokens.push(left + right) - 1;
    idOf.set(left + right, merged);
    merges.push([left, right]);
    for (const index of places.get(key)!) {
      tally(index, -1);
      const { ids } = all[index]!;
      let to = 0;
      for (let i = 0; i < ids.length; i++) {
        const isPair = ids[i] === best.left && ids[i + 1] === best.right;
        ids[to++] = isPair ? merged : ids[i]!;
        if (isPair) i++;
      }
      ids.length = to;
      tally(index, 1);
    }
    places.delete(key);
    offer();
  }
  return { tokens, merges };
};
