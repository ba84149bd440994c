// Any encoding, with missing values filled by the mean and columns brought to mean 0 and deviation 1: what a linear model wants of dates
// and of target means.
import { type Encoder, type Encoding, greatest, plainly, writePlain } from "#lib/learn/preprocess/encoder.ts";

/**
 * Wraps an encoding; constants come from the encoded training rows.
 * @example
 * ridge({ preprocess: { Home: scaled(oneHot()) } });
 */
export const scaled = (inner: Encoding): Encoding => ({
  takes: inner.takes,
  fit: (column, context) => {
    const encoder = inner.fit(column, context);
    const width = encoder.features.length;
    const training = new Float32Array(column.length * width);
    (encoder.encodeTraining ?? encoder.encode)(column, { data: training, width, at: 0 });
    const constants = Array.from({ length: width }, (_, k) => {
      const values = Float64Array.from({ length: column.length }, (_unused, i) => training[i * width + k]!).filter(
        (one) => !Number.isNaN(one),
      );
      const mean = values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);
      const spread = Math.sqrt(values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, values.length));
      const shift = Math.fround(mean);
      return { fill: shift, low: -greatest, high: greatest, shift, scale: spread > 1e-12 ? Math.fround(spread) : 1 };
    });
    const through =
      (encode: Encoder["encode"]): Encoder["encode"] =>
      (values, place) => {
        encode(values, place);
        for (let i = 0; i < values.length; i++)
          for (let k = 0; k < width; k++) {
            const at = i * place.width + place.at + k;
            place.data[at] = plainly(place.data[at]!, constants[k]!);
          }
      };
    return {
      features: encoder.features.map((feature) => ({ ...feature, kind: "number" as const })),
      encode: through(encoder.encode),
      ...(encoder.encodeTraining ? { encodeTraining: through(encoder.encodeTraining) } : {}),
      write: (builder, name) => writePlain(builder, encoder.write(builder, name), constants),
    };
  },
});
