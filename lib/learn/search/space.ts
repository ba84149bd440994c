// What a search may choose from: named dimensions, some of them only there when another one has a certain value. A trial's parameters hold
// the active dimensions only.

export type Value = number | string | boolean;
type Condition = {
  /** Active only when every named dimension is active and has one of the values. */
  when?: Record<string, Value | readonly Value[]>;
};
export type FloatDimension = Condition & { type: "float"; low: number; high: number; log?: boolean; step?: number };
export type IntDimension = Condition & { type: "int"; low: number; high: number; log?: boolean; step?: number };
export type CategoricalDimension = Condition & { type: "categorical"; choices: readonly Value[] };
export type Dimension = FloatDimension | IntDimension | CategoricalDimension;
export type Space = Readonly<Record<string, Dimension>>;
export type Params = Record<string, Value>;

type ValueOf<D extends Dimension> = D extends { type: "categorical"; choices: readonly (infer C)[] } ? C : number;
/** The parameters of a space as TypeScript sees them: choices by their literals, conditional dimensions optional. */
export type ParamsOf<S extends Space> = {
  [K in keyof S as S[K] extends { when: object } ? never : K]: ValueOf<S[K]>;
} & { [K in keyof S as S[K] extends { when: object } ? K : never]?: ValueOf<S[K]> };

/** The step a numeric dimension moves in; null when it is continuous. */
export const stepOf = (dimension: FloatDimension | IntDimension): number | null =>
  dimension.type === "int" ? (dimension.log ? 1 : (dimension.step ?? 1)) : (dimension.step ?? null);

const fault = (space: Space, name: string): string | null => {
  const one = space[name]!;
  if (one.type === "categorical") {
    if (one.choices.length === 0) return "has no choices";
    return new Set(one.choices).size < one.choices.length ? "names a choice twice" : null;
  }
  if (!Number.isFinite(one.low) || !Number.isFinite(one.high)) return "needs a finite low and high";
  if (one.low > one.high) return `goes from ${one.low} down to ${one.high}`;
  if (one.log && one.low <= 0) return `is searched in logarithms, so low must be above 0, not ${one.low}`;
  if (one.type === "int" && !(Number.isInteger(one.low) && Number.isInteger(one.high))) return "is whole, so low and high must be";
  if (one.step !== undefined && !(one.step > 0)) return `cannot move in steps of ${one.step}`;
  return one.log && one.step !== undefined ? "cannot have a step in logarithms" : null;
};

/** Names with every dimension after those its condition asks about; throws in words on anything that cannot be searched. */
export const orderOf = (space: Space): string[] => {
  const names = Object.keys(space);
  if (names.length === 0) throw new Error("The space has no dimension. Name one or more.");
  const order: string[] = [];
  const visit = (name: string, trail: readonly string[]): void => {
    if (order.includes(name)) return;
    if (trail.includes(name)) throw new Error(`${name} depends on itself through ${trail.join(", ")}.`);
    for (const parent of Object.keys(space[name]!.when ?? {})) {
      if (!space[parent]) throw new Error(`${name} depends on ${parent}, which is no dimension. There are: ${names.join(", ")}.`);
      visit(parent, [...trail, name]);
    }
    order.push(name);
  };
  for (const name of names) {
    const wrong = fault(space, name);
    if (wrong) throw new Error(`${name} ${wrong}.`);
    visit(name, []);
  }
  return order;
};

/** Whether a dimension is active, given the values of those before it. */
export const isActive = (dimension: Dimension, params: Params): boolean =>
  Object.entries(dimension.when ?? {}).every(
    ([parent, wanted]) => parent in params && (Array.isArray(wanted) ? wanted : [wanted]).includes(params[parent]!),
  );

/** Inside which numbers a numeric dimension is modelled: in logarithms where asked, half a step wider where it has steps. */
export const modelRange = (dimension: FloatDimension | IntDimension): { low: number; high: number } => {
  const half = (stepOf(dimension) ?? 0) / 2;
  const [low, high] = [dimension.low - half, dimension.high + half];
  return dimension.log ? { low: Math.log(low), high: Math.log(high) } : { low, high };
};

/** A modelled number as a value of the dimension: out of logarithms, onto a step, inside the bounds. */
export const fromModel = (dimension: FloatDimension | IntDimension, x: number): number => {
  const value = dimension.log ? Math.exp(x) : x;
  const step = stepOf(dimension);
  const stepped = step === null ? value : dimension.low + Math.round((value - dimension.low) / step) * step;
  const top = step === null ? dimension.high : dimension.low + Math.floor((dimension.high - dimension.low) / step + 1e-9) * step;
  return Math.min(top, Math.max(dimension.low, stepped));
};

/** A value drawn evenly (in logarithms where asked). */
export const drawValue = (dimension: Dimension, random: () => number): Value => {
  if (dimension.type === "categorical") return dimension.choices[Math.floor(random() * dimension.choices.length)]!;
  const { low, high } = modelRange(dimension);
  return fromModel(dimension, low + random() * (high - low));
};
