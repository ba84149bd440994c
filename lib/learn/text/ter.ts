// Translation edit rate exactly as sacreBLEU computes it (after Tercom): words inserted, deleted, substituted and runs of words shifted,
// over the mean length of the references. Shifts are greedy: try runs that match the reference elsewhere, keep the one that lowers the edit
// distance most, until none does. The heuristics are Tercom's, kept to the tie-breaks, because the number depends on them.
import { checkPairs, wordsOf } from "#lib/learn/text/words.ts";

const maxShiftSize = 10;
const maxShiftDistance = 50;
const beam = 25;
const maxCandidates = 1000;
const infinity = 1e16;

type Op = "keep" | "substitute" | "insert" | "delete";
type Words = readonly string[];

/** Edit distance within a beam about the diagonal, and the operations that turn the hypothesis into the reference. */
const editDistance = (hypothesis: Words, reference: Words): { distance: number; trace: Op[] } => {
  const [n, m] = [hypothesis.length, reference.length];
  const width = m + 1;
  const cost = new Float64Array((n + 1) * width).fill(infinity);
  const ops: (Op | undefined)[] = Array.from({ length: (n + 1) * width });
  for (let j = 0; j <= m; j++) {
    cost[j] = j;
    ops[j] = "insert";
  }
  const ratio = n > 0 ? m / n : 1;
  const reach = beam < ratio / 2 ? Math.ceil(ratio / 2 + beam) : beam;
  for (let i = 1; i <= n; i++) {
    const diagonal = Math.floor(i * ratio);
    const to = i === n ? width : Math.min(width, diagonal + reach);
    for (let j = Math.max(0, diagonal - reach); j < to; j++) {
      const at = i * width + j;
      const above = at - width;
      const isSame = j > 0 && hypothesis[i - 1] === reference[j - 1];
      // this order decides ties: keep or substitute, then delete, then insert
      if (j > 0 && cost[at]! > cost[above - 1]! + (isSame ? 0 : 1)) {
        cost[at] = cost[above - 1]! + (isSame ? 0 : 1);
        ops[at] = isSame ? "keep" : "substitute";
      }
      if (cost[at]! > cost[above]! + 1) {
        cost[at] = cost[above]! + 1;
        ops[at] = "delete";
      }
      if (j > 0 && cost[at]! > cost[at - 1]! + 1) {
        cost[at] = cost[at - 1]! + 1;
        ops[at] = "insert";
      }
    }
  }
  const trace: Op[] = [];
  for (let [i, j] = [n, m]; i > 0 || j > 0; ) {
    const op = ops[i * width + j]!;
    trace.push(op);
    if (op !== "insert") i -= 1;
    if (op !== "delete") j -= 1;
  }
  return { distance: cost[n * width + m]!, trace: trace.reverse() };
};

/** For each reference word the hypothesis word it lies at, and which words of either side are wrong. */
const align = (trace: readonly Op[]): { at: number[]; referenceErrors: boolean[]; hypothesisErrors: boolean[] } => {
  const [at, referenceErrors, hypothesisErrors]: [number[], boolean[], boolean[]] = [[], [], []];
  let position = -1;
  for (const op of trace) {
    const isWrong = op !== "keep";
    if (op !== "insert") {
      position += 1;
      hypothesisErrors.push(isWrong);
    }
    if (op !== "delete") {
      at.push(position);
      referenceErrors.push(isWrong);
    }
  }
  return { at, referenceErrors, hypothesisErrors };
};

const moved = (words: Words, start: number, length: number, target: number): string[] => {
  const run = words.slice(start, start + length);
  if (target < start) return [...words.slice(0, target), ...run, ...words.slice(target, start), ...words.slice(start + length)];
  const end = target > start + length ? target : length + target;
  return [...words.slice(0, start), ...words.slice(start + length, end), ...run, ...words.slice(end)];
};

/** Runs of words that occur on both sides, not too far apart: growing from one word to ten at each pair of places. */
function* commonRuns(hypothesis: Words, reference: Words): Generator<[start: number, at: number, length: number]> {
  for (let h = 0; h < hypothesis.length; h++)
    for (let r = 0; r < reference.length; r++) {
      if (Math.abs(r - h) > maxShiftDistance) continue;
      for (let length = 0; length < maxShiftSize && hypothesis[h + length] === reference[r + length]; ) {
        length += 1;
        yield [h, r, length];
        if (h + length === hypothesis.length || r + length === reference.length) break;
      }
    }
}

type Shift = { gain: number; length: number; start: number; target: number; words: string[] };

const isBetter = (a: Shift, b: Shift): boolean => (a.gain - b.gain || a.length - b.length || b.start - a.start || b.target - a.target) > 0;

const bestShift = (words: Words, reference: Words, tried: number): { shift: Shift | null; tried: number } => {
  const { distance, trace } = editDistance(words, reference);
  const { at, referenceErrors, hypothesisErrors } = align(trace);
  let best: Shift | null = null;
  for (const [start, aim, length] of commonRuns(words, reference)) {
    // both sides must be wrong there, and a run is not moved into itself
    if (!hypothesisErrors.slice(start, start + length).includes(true)) continue;
    if (!referenceErrors.slice(aim, aim + length).includes(true)) continue;
    if (at[aim]! >= start && at[aim]! < start + length) continue;
    let before = -1;
    for (let offset = -1; offset < length; offset++) {
      const place = aim + offset;
      if (place >= at.length) break;
      const target = place === -1 ? 0 : at[place]! + 1;
      if (target === before) continue;
      before = target;
      const shifted = moved(words, start, length, target);
      const one: Shift = { gain: distance - editDistance(shifted, reference).distance, length, start, target, words: shifted };
      tried += 1;
      if (!best || isBetter(one, best)) best = one;
    }
    if (tried >= maxCandidates) break;
  }
  return { shift: best, tried };
};

const edits = (hypothesis: Words, reference: Words): number => {
  if (reference.length === 0) return hypothesis.length;
  let words = hypothesis;
  let [shifts, tried] = [0, 0];
  for (;;) {
    const found = bestShift(words, reference, tried);
    tried = found.tried;
    if (tried >= maxCandidates || !found.shift || found.shift.gain <= 0) break;
    shifts += 1;
    words = found.shift.words;
  }
  return shifts + editDistance(words, reference).distance;
};

/**
 * TER of a corpus in percent, lower is better and 0 is best; lower-cased unless told otherwise. Counts the best reference's edits.
 *
 * @example
 * learn.corpusTer(["on the mat sat"], [["sat on the mat"]]); // → {"score":25,"edits":1,"referenceLength":4}
 */
export const corpusTer = (
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
  options: { isCaseSensitive?: boolean } = {},
): { score: number; edits: number; referenceLength: number } => {
  checkPairs(hypotheses, references);
  const prepare = (text: string): string[] => wordsOf(options.isCaseSensitive ? text : text.toLowerCase());
  let [sum, length] = [0, 0];
  for (const [i, hypothesis] of hypotheses.entries()) {
    const own = prepare(hypothesis);
    const others = references[i]!.map(prepare);
    sum += Math.min(...others.map((one) => edits(own, one)));
    length += others.reduce((words, one) => words + one.length, 0) / others.length;
  }
  return { score: length > 0 ? (100 * sum) / length : sum > 0 ? 100 : 0, edits: sum, referenceLength: length };
};
