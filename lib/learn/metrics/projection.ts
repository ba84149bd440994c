// What a projection keeps of a table: the sum of the columns' variances after it over the sum before it.

type Rows = { data: ArrayLike<number>; width: number };

/** Sum over columns of the squared distances from the column's mean. */
const spreadOf = ({ data, width }: Rows): number => {
  const n = data.length / Math.max(1, width);
  let sum = 0;
  for (let j = 0; j < width; j++) {
    let centre = 0;
    for (let i = 0; i < n; i++) centre += data[i * width + j]! / n;
    for (let i = 0; i < n; i++) sum += (data[i * width + j]! - centre) ** 2;
  }
  return sum;
};

/** Share of the variance of row-major columns that their projection keeps; 1 where there is none to keep. */
export const varianceKept = (before: Rows, after: Rows): number => {
  const all = spreadOf(before);
  return all === 0 ? 1 : spreadOf(after) / all;
};
