// Rules of baskets, "who takes these also takes that": frequent sets by Apriori (Agrawal and Srikant 1994), then rules with one item as
// consequent, by confidence and lift. A basket is a text, its items between separators. The rules travel in an ONNX file that takes the
// basket as text.
import type { Signature } from "#lib/learn/estimators/estimator.ts";
import { checked } from "#lib/learn/estimators/estimator.ts";
import { castTo, openBuilder } from "#lib/learn/onnx/builder.ts";
import { type Columns, textsOf } from "#lib/learn/tables/table.ts";

export type BasketRule = { antecedent: string[]; consequent: string; support: number; confidence: number; lift: number };
export type Suggestion = { item: string; confidence: number; lift: number };
export type BasketRules = {
  kind: string;
  params: Record<string, number | string>;
  signature: Signature;
  /** Best first: by confidence, then lift, then the names. */
  rules: BasketRule[];
  /** The best rule's consequent that is not in the basket; "" when none applies. */
  predict: (baskets: readonly string[]) => Suggestion[];
  /** Share of baskets with a rule, and how often the suggestion is the item that was left out of the basket's end. */
  evaluate: (table: Columns) => Record<string, number>;
  toOnnx: () => Uint8Array;
};

type Settings = { support: number; confidence: number; longest: number; separator: string };

const itemsOf = (basket: string, separator: string): string[] => [
  ...new Set(
    basket
      .split(separator)
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  ),
];

const keyOf = (set: readonly string[]): string => JSON.stringify(set);

/** Frequent sets with their counts, level by level: a set can only be frequent when all its parts are. */
const frequentSets = (
  baskets: readonly (readonly string[])[],
  { support, longest }: Settings,
): Map<string, { set: string[]; count: number }> => {
  const floor = Math.max(1, Math.ceil(support * baskets.length - 1e-9));
  const all = new Map<string, { set: string[]; count: number }>();
  let level: string[][] = [...new Set(baskets.flat())].sort().map((item) => [item]);
  for (let size = 1; size <= longest && level.length > 0; size++) {
    const counts = new Map(level.map((set) => [keyOf(set), { set, count: 0 }]));
    for (const basket of baskets) {
      const own = new Set(basket);
      for (const one of counts.values()) if (one.set.every((item) => own.has(item))) one.count += 1;
    }
    const kept = [...counts].filter(([, one]) => one.count >= floor);
    for (const [key, one] of kept) all.set(key, one);
    const sets = kept.map(([, one]) => one.set);
    level = sets.flatMap((a, i) =>
      sets
        .slice(i + 1)
        .filter((b) => a.slice(0, -1).every((item, k) => item === b[k]))
        .map((b) => [...a, b.at(-1)!])
        .filter((set) => set.every((_, drop) => all.has(keyOf(set.filter((_unused, k) => k !== drop))))),
    );
  }
  return all;
};

const rulesOf = (baskets: readonly (readonly string[])[], settings: Settings): BasketRule[] => {
  const sets = frequentSets(baskets, settings);
  const rules: BasketRule[] = [];
  for (const { set, count } of sets.values()) {
    if (set.length < 2) continue;
    for (const consequent of set) {
      const antecedent = set.filter((item) => item !== consequent);
      const confidence = count / sets.get(keyOf(antecedent))!.count;
      if (confidence < settings.confidence) continue;
      const share = sets.get(keyOf([consequent]))!.count / baskets.length;
      rules.push({ antecedent, consequent, support: count / baskets.length, confidence, lift: confidence / share });
    }
  }
  return rules.sort(
    (a, b) =>
      b.confidence - a.confidence ||
      b.lift - a.lift ||
      (keyOf([...a.antecedent, a.consequent]) < keyOf([...b.antecedent, b.consequent]) ? -1 : 1),
  );
};

/** Texts to 0/1 columns of items, then rules whose antecedents are all there and whose consequent is not; the first of them answers. */
const writeRules = (column: string, rules: readonly BasketRule[], separator: string): Uint8Array => {
  const items = [...new Set(rules.flatMap((rule) => [...rule.antecedent, rule.consequent]))].sort();
  const places = new Map(items.map((item, i) => [item, i]));
  const [n, r] = [items.length, rules.length];
  const builder = openBuilder("basket_rules");
  builder.atLeast(20);
  builder.input(column, "BYTES", ["N", 1]);
  for (const name of ["item", "confidence", "lift"]) builder.reserve(name);
  const flat = builder.node("Concat", [builder.texts([items[0]!], [1]), builder.node("Reshape", [column, builder.integers([-1])])], {
    axis: 0,
  });
  const tokens = builder.node("StringSplit", [flat], { delimiter: separator }, { more: ["counts"] });
  const encoded = builder.node(
    "LabelEncoder",
    [tokens],
    { keys_strings: items, values_int64s: { ints: [...items.keys()] }, default_int64: n },
    { domain: "ai.onnx.ml" },
  );
  const rows = builder.node("Slice", [builder.node("Shape", [encoded]), builder.integers([0]), builder.integers([1])]);
  const zeros = builder.node("ConstantOfShape", [builder.node("Concat", [rows, builder.integers([n + 1])], { axis: 0 })]);
  const ones = builder.node("Add", [
    builder.node("Mul", [builder.node("Cast", [encoded], { to: castTo.float }), builder.constant([0], [1, 1])]),
    builder.constant([1], [1, 1]),
  ]);
  const marked = builder.node("ScatterElements", [zeros, encoded, ones], { axis: 1 });
  const basket = builder.node("Slice", [
    marked,
    builder.integers([1, 0]),
    builder.integers([Number.MAX_SAFE_INTEGER, n]),
    builder.integers([0, 1]),
  ]);
  const [needs, gives] = [new Float32Array(n * r), new Float32Array(n * r)];
  for (const [at, rule] of rules.entries()) {
    for (const item of rule.antecedent) needs[places.get(item)! * r + at] = 1;
    gives[places.get(rule.consequent)! * r + at] = 1;
  }
  const met = builder.node("MatMul", [basket, builder.constant(needs, [n, r])]);
  const all = builder.node("GreaterOrEqual", [
    met,
    builder.constant(
      rules.map((rule) => rule.antecedent.length - 0.5),
      [1, r],
    ),
  ]);
  const fresh = builder.node("Less", [builder.node("MatMul", [basket, builder.constant(gives, [n, r])]), builder.constant([0.5], [1, 1])]);
  const isOn = builder.node("Cast", [builder.node("And", [all, fresh])], { to: castTo.float });
  // one column more, always half on, stands for "no rule"; ArgMax takes the first of the greatest
  const none = builder.node("Add", [
    builder.node("Mul", [
      builder.node("Slice", [isOn, builder.integers([0]), builder.integers([1]), builder.integers([1])]),
      builder.constant([0], [1, 1]),
    ]),
    builder.constant([0.5], [1, 1]),
  ]);
  const place = builder.node("ArgMax", [builder.node("Concat", [isOn, none], { axis: 1 })], { axis: 1, keepdims: 1 });
  builder.node(
    "LabelEncoder",
    [place],
    { keys_int64s: { ints: [...Array(r + 1).keys()] }, values_strings: [...rules.map((rule) => rule.consequent), ""] },
    { domain: "ai.onnx.ml", output: "item" },
  );
  for (const name of ["confidence", "lift"] as const)
    builder.node("Gather", [builder.constant([...rules.map((rule) => rule[name]), 0], [r + 1]), place], { axis: 0 }, { output: name });
  builder.output("item", "BYTES", ["N", 1]);
  for (const name of ["confidence", "lift"]) builder.output(name, "FP32", ["N", 1]);
  return builder.bytes("basket rules");
};

/**
 * Association rules of baskets.
 * @example
 * const model = basketRules({ support: 0.01, confidence: 0.3 }).fit(orders, { basket: "items" });
 * model.predict(["bread|butter"]); // [{ item: "jam", confidence: 0.62, lift: 2.1 }]
 */
export const basketRules = (options: { support?: number; confidence?: number; longest?: number; separator?: string } = {}) => {
  const { separator = "|", ...given } = options;
  if (separator === "") throw new Error('separator: an empty text does not separate. Give e.g. "|".');
  const settings: Settings = {
    ...checked("basketRules", { support: [0.01, 1e-9, 1], confidence: [0.3, 0, 1], longest: [3, 2, 6] }, given),
    separator,
  };
  const kind = "basket rules";
  return {
    kind,
    params: settings,
    fit: (table: Columns, how: { basket: string }): BasketRules => {
      const baskets = textsOf(table, how.basket).map((basket) => itemsOf(basket, separator));
      if (baskets.length < 2) throw new Error(`${baskets.length} baskets are too few to learn from.`);
      const rules = rulesOf(baskets, settings);
      if (rules.length === 0)
        throw new Error(`No rule has support ${settings.support} and confidence ${settings.confidence}. Lower one of them.`);
      const predict = (texts: readonly string[]): Suggestion[] =>
        texts.map((text) => {
          const own = new Set(itemsOf(text, separator));
          const rule = rules.find((one) => one.antecedent.every((item) => own.has(item)) && !own.has(one.consequent));
          return rule ? { item: rule.consequent, confidence: rule.confidence, lift: rule.lift } : { item: "", confidence: 0, lift: 0 };
        });
      return {
        kind,
        params: settings,
        signature: {
          inputs: [{ name: how.basket, datatype: "BYTES", shape: [-1, 1] }],
          outputs: [
            { name: "item", datatype: "BYTES", shape: [-1, 1] },
            { name: "confidence", datatype: "FP32", shape: [-1, 1] },
            { name: "lift", datatype: "FP32", shape: [-1, 1] },
          ],
        },
        rules,
        predict,
        evaluate: (later) => {
          const whole = textsOf(later, how.basket)
            .map((basket) => itemsOf(basket, separator))
            .filter((basket) => basket.length > 1);
          const said = predict(whole.map((basket) => basket.slice(0, -1).join(separator)));
          const n = Math.max(1, whole.length);
          return {
            coverage: said.filter((one) => one.item !== "").length / n,
            hitRate: said.filter((one, i) => one.item === whole[i]!.at(-1)).length / n,
          };
        },
        toOnnx: () => writeRules(how.basket, rules, separator),
      };
    },
  };
};
