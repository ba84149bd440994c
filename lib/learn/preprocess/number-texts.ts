// Numbers that came as text, because somewhere down the column stood "n/a": a text that is a number is that number, any other is missing.
import { castTo } from "#lib/learn/onnx/builder.ts";
import type { Encoding } from "#lib/learn/preprocess/encoder.ts";
import { type NumberOptions, numbers } from "#lib/learn/preprocess/numbers.ts";

const pattern = " *[-+]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]{1,3})? *";
const matcher = new RegExp(`^(?:${pattern})$`);

/** The number a text says, or NaN. */
export const numberIn = (text: string): number => (matcher.test(text) ? Number(text) : Number.NaN);

/**
 * Texts read as numbers, then treated like `numbers` with the same options.
 * @example
 * ridge({ preprocess: { amount: numberTexts({ impute: "median", flag: true }) } });
 */
export const numberTexts = (options: NumberOptions = {}): Encoding => {
  const inner = numbers(options);
  return {
    takes: "text",
    fit: (column, context) => {
      const read = (texts: Float64Array | string[]): Float64Array => Float64Array.from(texts as string[], numberIn);
      const encoder = inner.fit(read(column), context);
      return {
        features: encoder.features,
        encode: (values, place) => encoder.encode(read(values), place),
        write: (builder, from) => {
          builder.atLeast(20);
          const isNumber = builder.node("RegexFullMatch", [from], { pattern });
          const safe = builder.node("Where", [isNumber, from, builder.texts(["0"], [1, 1])]);
          const number = builder.node("Cast", [safe], { to: castTo.float });
          return encoder.write(builder, builder.node("Where", [isNumber, number, builder.constant([Number.NaN], [1, 1])]));
        },
      };
    },
  };
};
