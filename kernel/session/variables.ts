// The session's variables for whoever looks from outside: name, type, shape, size, a line of preview and the cell that made it. Listing
// runs no getter and copies nothing.
import { inspect } from "node:util";
import { show } from "#kernel/session/display.ts";
import type { CellSource, Shown } from "#kernel/session/messages.ts";
import { bytesOf, shapeOf, typeOf } from "#kernel/session/shape.ts";

export type Variable = {
  name: string;
  type: string;
  shape: number[] | null;
  sizeBytes: number;
  preview: string;
  executionCount: number | null;
  cellId: string | null;
};

const limit = 1000;
const origins = new Map<string, { count: number; cellId: string | null }>();
const scope = globalThis as Record<string, unknown>;
let furniture = new Set<string>();

/** Called once, when the scope holds only what every session has. */
export const rememberFurniture = (): void => {
  furniture = new Set(Object.getOwnPropertyNames(globalThis));
};

/** Notes which cell declared which names. */
export const noteNames = (names: readonly string[], count: number, cell: CellSource | null): void => {
  for (const name of names) origins.set(name, { count, cellId: cell?.cellId ?? null });
};

const previewLine = (value: unknown): string =>
  (typeof value === "function"
    ? Function.prototype.toString.call(value).split("\n")[0]!
    : inspect(value, { depth: 1, maxArrayLength: 8, maxStringLength: 120, breakLength: Number.POSITIVE_INFINITY })
  ).slice(0, 160);

const heldIn = (name: string): { value: unknown } | null => {
  const found = Object.getOwnPropertyDescriptor(globalThis, name);
  return found && "value" in found ? { value: found.value } : null;
};

/** Every variable the person's cells made, by name. */
export const listVariables = (): Variable[] =>
  Object.getOwnPropertyNames(globalThis)
    .filter((name) => origins.has(name) || !furniture.has(name))
    .sort()
    .slice(0, limit)
    .flatMap((name) => {
      const found = heldIn(name);
      if (!found || found.value === undefined) return [];
      const { value } = found;
      const origin = origins.get(name);
      try {
        return [
          {
            name,
            type: typeOf(value),
            shape: shapeOf(value),
            sizeBytes: bytesOf(value),
            preview: previewLine(value),
            executionCount: origin?.count ?? null,
            cellId: origin?.cellId ?? null,
          },
        ];
      } catch (error) {
        return [
          {
            name,
            type: "object",
            shape: null,
            sizeBytes: 0,
            preview: `cannot be shown: ${String(error)}`.slice(0, 160),
            executionCount: origin?.count ?? null,
            cellId: origin?.cellId ?? null,
          },
        ];
      }
    });

/** One variable as it would be shown; null when there is none of that name. */
export const inspectVariable = (name: string): Shown | Promise<Shown> | null =>
  name in scope && (origins.has(name) || !furniture.has(name)) ? show(heldIn(name)?.value) : null;
