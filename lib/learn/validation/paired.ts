// Deciding between two models that saw the same rows (SCIENCE.md §2).
import { chiSquareTail } from "#lib/learn/stats/distributions.ts";

export type McNemar = { championOnly: number; challengerOnly: number; statistic: number; p: number };

/**
 * McNemar with continuity correction, (|b − c| − 1)²/(b + c): b rows only the champion had right, c only the challenger.
 *
 * @example
 * learn.mcNemar([1, 1, 0, 0, 0], [1, 0, 1, 1, 1]).statistic; // → 0.25
 */
export const mcNemar = (isChampionRight: ArrayLike<boolean | number>, isChallengerRight: ArrayLike<boolean | number>): McNemar => {
  if (isChampionRight.length !== isChallengerRight.length)
    throw new Error(
      `${isChampionRight.length} answers of the champion, ${isChallengerRight.length} of the challenger. They go row by row.`,
    );
  let [b, c] = [0, 0];
  for (let i = 0; i < isChampionRight.length; i++) {
    if (isChampionRight[i] && !isChallengerRight[i]) b += 1;
    if (!isChampionRight[i] && isChallengerRight[i]) c += 1;
  }
  const statistic = b + c === 0 ? 0 : (Math.abs(b - c) - 1) ** 2 / (b + c);
  return { championOnly: b, challengerOnly: c, statistic, p: b + c === 0 ? 1 : chiSquareTail(statistic, 1) };
};

export type Finding = { name: string; isPassed: boolean; sentence: string };
export type GateInput = {
  metric: string;
  difference: { value: number; low: number; high: number };
  /** How much better the challenger must be at least. */
  delta: number;
  slices: readonly { name: string; difference: number }[];
  /** How much worse a slice may get at most. */
  epsilon: number;
  latencyMsP99: { champion: number; challenger: number } | null;
  /** How many percent slower the challenger may be. */
  latencyPercent: number;
  isSchemaEqual: boolean;
};

const number = (value: number): string => (value >= 0 ? "+" : "−") + Math.abs(value).toFixed(4);

/**
 * The champion/challenger gate: every check with its sentence; the challenger passes when all do. Differences count better as positive.
 *
 * @example
 * const { isPassed, findings } = learn.judgeChallenger({
 *   metric: "AUC", difference: learn.pairedBootstrap(rows, areaOfChampion, areaOfChallenger), delta: 0.005,
 *   slices: [], epsilon: 0.01, latencyMsP99: null, latencyPercent: 10, isSchemaEqual: true });
 */
export const judgeChallenger = (input: GateInput): { isPassed: boolean; findings: Finding[] } => {
  const { difference, delta, epsilon, latencyMsP99: latency } = input;
  const worst = [...input.slices].sort((a, b) => a.difference - b.difference)[0];
  const findings: Finding[] = [
    {
      name: "better",
      isPassed: difference.value >= delta && difference.low > 0,
      sentence: `${input.metric} ${number(difference.value)}, 95 % interval ${number(difference.low)} to ${number(difference.high)}; asked for is ${number(delta)} and an interval above 0.`,
    },
    {
      name: "slices",
      isPassed: !worst || worst.difference >= -epsilon,
      sentence: worst
        ? `Worst slice ${worst.name}: ${number(worst.difference)}; allowed is ${number(-epsilon)}.`
        : "No slice was declared.",
    },
    {
      name: "latency",
      isPassed: !latency || latency.challenger <= latency.champion * (1 + input.latencyPercent / 100),
      sentence: latency
        ? `p99 ${latency.challenger.toFixed(1)} ms after ${latency.champion.toFixed(1)} ms; allowed are ${input.latencyPercent} % more.`
        : "Latency was not measured.",
    },
    {
      name: "schema",
      isPassed: input.isSchemaEqual,
      sentence: input.isSchemaEqual ? "Both read the same inputs." : "The inputs differ: callers would break.",
    },
  ];
  return { isPassed: findings.every((one) => one.isPassed), findings };
};
