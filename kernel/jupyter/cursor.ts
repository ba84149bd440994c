// A completion reply for Jupyter, which counts in code points.
import { toPoints } from "#lib/kit/code-points.ts";

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
