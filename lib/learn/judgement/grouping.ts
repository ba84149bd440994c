// Values of a column as the names of groups: levels as they are, numbers of many values by their quartiles.
import { quantile } from "#lib/learn/stats/profile.ts";

const short = (value: number): string => String(Number(value.toPrecision(4)));
const levelLimit = 12;

/** Group of each row; what is missing is a group of its own. */
export const groupsOf = (values: readonly (string | number | null)[]): string[] => {
  const known = values.filter((value) => value !== null && value !== "");
  const isNumber = known.every((value) => typeof value === "number");
  if (!isNumber || new Set(known).size <= levelLimit)
    return values.map((value) => (value === null || value === "" ? "missing" : String(value)));
  const sorted = Float64Array.from(known as number[]).sort();
  const edges = [...new Set([0.25, 0.5, 0.75].map((share) => quantile(sorted, share)))];
  const names = edges.map((edge, i) => (i === 0 ? `up to ${short(edge)}` : `${short(edges[i - 1]!)} – ${short(edge)}`));
  return values.map((value) => {
    if (value === null) return "missing";
    const at = edges.findIndex((edge) => (value as number) <= edge);
    return at < 0 ? `above ${short(edges.at(-1)!)}` : names[at]!;
  });
};
