// What a judgement reads: rows with their truth and what was answered, of one of five kinds. A unit is what is drawn when the same test is
// imagined again: a row, or for rankings a whole query, because rows of one query are not independent.

export type Evidence =
  | { kind: "binary"; truth: Float64Array; scores: Float64Array }
  | { kind: "number"; truth: Float64Array; scores: Float64Array }
  | { kind: "classes"; truth: string[]; answers: string[] }
  | { kind: "ranking"; truth: Float64Array; scores: Float64Array; queries: string[] }
  | { kind: "text"; truth: string[]; answers: string[] };
export type Kind = Evidence["kind"];

/** How many rows there are. */
export const rowsOf = (evidence: Evidence): number => evidence.truth.length;

const pick = <T>(source: ArrayLike<T>, rows: readonly number[]): T[] => rows.map((row) => source[row]!);
const pickNumbers = (source: Float64Array, rows: readonly number[]): Float64Array => Float64Array.from(rows, (row) => source[row]!);

/** Some of the rows, in the order asked for. */
export const takeEvidence = (evidence: Evidence, rows: readonly number[]): Evidence => {
  switch (evidence.kind) {
    case "binary":
    case "number":
      return { ...evidence, truth: pickNumbers(evidence.truth, rows), scores: pickNumbers(evidence.scores, rows) };
    case "ranking":
      return {
        ...evidence,
        truth: pickNumbers(evidence.truth, rows),
        scores: pickNumbers(evidence.scores, rows),
        queries: pick(evidence.queries, rows),
      };
    default:
      return { ...evidence, truth: pick(evidence.truth, rows), answers: pick(evidence.answers, rows) };
  }
};
