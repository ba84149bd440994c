// Who wins when pairs are compared: Bradley–Terry says P(i beats j) = s_i/(s_i + s_j). Strengths by minorise–maximise (Hunter 2004):
// s_i ← wins_i / Σ_j n_ij/(s_i + s_j), a tie half a win each, until nothing moves. Scores are shown as 400·log10 of strength about 1000.
import { mulberry32 } from "#lib/learn/random.ts";
import { quantile } from "#lib/learn/stats/profile.ts";

/** One comparison; `first` was shown first. */
export type Comparison = { first: string; second: string; winner: "first" | "second" | "tie" };
export type Ranked = { name: string; strength: number; score: number; low: number; high: number; wins: number; comparisons: number };

/** A player who never won or never lost has no finite strength: a hundredth of a tie against every opponent keeps it finite and in order. */
const prior: number = 0.01;

const strengths = (names: readonly string[], rows: readonly Comparison[]): number[] => {
  const place = new Map(names.map((name, i) => [name, i]));
  const k = names.length;
  const games = Array.from({ length: k }, (_, i) => Array.from({ length: k }, (_, j) => (i === j ? 0 : prior)));
  const wins = names.map(() => ((k - 1) * prior) / 2);
  for (const { first, second, winner } of rows) {
    const [i, j] = [place.get(first)!, place.get(second)!];
    games[i]![j]! += 1;
    games[j]![i]! += 1;
    wins[i]! += winner === "first" ? 1 : winner === "tie" ? 0.5 : 0;
    wins[j]! += winner === "second" ? 1 : winner === "tie" ? 0.5 : 0;
  }
  let now = names.map(() => 1);
  for (let round = 0; round < 10_000; round++) {
    const next = now.map((own, i) => wins[i]! / games[i]!.reduce((sum, n, j) => sum + (n === 0 ? 0 : n / (own + now[j]!)), 0));
    const level = Math.exp(next.reduce((sum, one) => sum + Math.log(one), 0) / k);
    const scaled = next.map((one) => one / level);
    const moved = Math.max(...scaled.map((one, i) => Math.abs(Math.log(one / now[i]!))));
    now = scaled;
    if (moved < 1e-10) break;
  }
  return now;
};

const scoreOf = (strength: number): number => 1000 + 400 * Math.log10(strength);

/**
 * Ranks by strength (geometric mean 1) with a 95 % interval of the score from resampled comparisons; strongest first.
 *
 * @example
 * learn.bradleyTerry([{ first: "a", second: "b", winner: "first" }, { first: "b", second: "a", winner: "tie" }]).map((one) => one.name); // → ["a","b"]
 */
export const bradleyTerry = (rows: readonly Comparison[], options: { resamples?: number; seed?: number } = {}): Ranked[] => {
  const { resamples = 200, seed = 0 } = options;
  const names = [...new Set(rows.flatMap((row) => [row.first, row.second]))].sort();
  if (names.length < 2) throw new Error("A ranking needs two or more names that were compared. Give more comparisons.");
  if (rows.some((row) => row.first === row.second)) throw new Error("A comparison names the same side twice. Leave it out.");
  const best = strengths(names, rows);
  const random = mulberry32(seed);
  const drawn = Array.from({ length: resamples }, () =>
    strengths(
      names,
      rows.map(() => rows[Math.floor(random() * rows.length)]!),
    ),
  );
  return names
    .map((name, i) => {
      const scores = Float64Array.from(drawn, (one) => scoreOf(one[i]!)).sort();
      const own = rows.filter((row) => row.first === name || row.second === name);
      return {
        name,
        strength: best[i]!,
        score: scoreOf(best[i]!),
        low: quantile(scores, 0.025),
        high: quantile(scores, 0.975),
        wins: own.reduce((sum, row) => sum + (row.winner === "tie" ? 0.5 : Number(row[row.winner] === name)), 0),
        comparisons: own.length,
      };
    })
    .sort((a, b) => b.strength - a.strength || (a.name < b.name ? -1 : 1));
};

/**
 * Share of decided comparisons that the side shown first won: ½ when place does not matter; NaN when none was decided.
 *
 * @example
 * learn.positionBias([{ first: "a", second: "b", winner: "first" }, { first: "b", second: "a", winner: "tie" }]); // → {"share":1,"decided":1}
 */
export const positionBias = (rows: readonly Comparison[]): { share: number; decided: number } => {
  const decided = rows.filter((row) => row.winner !== "tie");
  return { share: decided.filter((row) => row.winner === "first").length / decided.length, decided: decided.length };
};
