// Jupyter counts a cursor in Unicode code points, JavaScript in UTF-16 units: "𝒙" is one there and two here.

/** Units of a text before a number of code points. */
export const toUnits = (text: string, points: number): number => {
  let units = 0;
  for (let left = Math.max(0, points); left > 0 && units < text.length; left--) units += text.codePointAt(units)! > 0xffff ? 2 : 1;
  return units;
};

/** Code points in the first units of a text. */
export const toPoints = (text: string, units: number): number => [...text.slice(0, units)].length;

/** A completion reply counted in units, counted in code points instead. */
export const replyInPoints = (text: string, content: Record<string, unknown>): Record<string, unknown> => {
  if (typeof content.cursor_start !== "number") return content;
  const point = (units: unknown): number => toPoints(text, Number(units));
  const metadata = (content.metadata ?? {}) as { _jupyter_types_experimental?: { start: number; end: number }[] };
  const types = metadata._jupyter_types_experimental;
  const [start, end] = [point(content.cursor_start), point(content.cursor_end)];
  return {
    ...content,
    cursor_start: start,
    cursor_end: end,
    metadata: types ? { ...metadata, _jupyter_types_experimental: types.map((one) => ({ ...one, start, end })) } : metadata,
  };
};
