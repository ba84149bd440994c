// The number encodings of weight files: exact where they can be, within a step of the block's scale elsewhere.
import { expect, test } from "vitest";
import { mulberry32 } from "#lib/learn/random.ts";
import { decode, encode, fromHalf, toHalf } from "#lib/learn/weights/encodings.ts";

const random = mulberry32(7);
const values = Float32Array.from({ length: 320 }, () => random() * 4 - 2);

test("every finite half-precision number survives a round trip", () => {
  for (let bits = 0; bits < 65536; bits++) if ((bits & 0x7c00) !== 0x7c00) expect(toHalf(fromHalf(bits))).toBe(bits);
});

test("float32 is exact; float16 and bfloat16 are within half a last place", () => {
  expect(decode("F32", encode("F32", values), 320)).toEqual(values);
  for (const [encoding, relative] of [
    ["F16", 2 ** -11],
    ["BF16", 2 ** -8],
  ] as const)
    decode(encoding, encode(encoding, values), 320).forEach((x, i) => {
      const want = values[i] as number;
      expect(Math.abs(x - want)).toBeLessThanOrEqual(Math.abs(want) * relative + 2 ** -25);
    });
});

test("a block's numbers are within one step of its scale", () => {
  for (const [encoding, step] of [
    ["Q8_0", 2 / 127],
    ["Q4_0", 2 / 8],
    ["Q4_1", 4 / 15],
  ] as const)
    decode(encoding, encode(encoding, values), 320).forEach((x, i) => {
      expect(Math.abs(x - (values[i] as number))).toBeLessThanOrEqual(step * 1.01);
    });
});

test("a 4-bit block holds value i low and value i + 16 high in byte i", () => {
  const block = new Uint8Array(18).fill(0x88);
  block.set([0x00, 0x3c, 0x98], 0);
  const out = decode("Q4_0", block, 32);
  expect([out[0], out[16], out[1]]).toEqual([0, 1, 0]);
});

test("bytes that are not whole blocks are refused", () => {
  expect(() => decode("Q4_0", new Uint8Array(18), 31)).toThrow("whole Q4_0 blocks");
  expect(() => decode("F32", new Uint8Array(7), 2)).toThrow("take 8 bytes, not 7");
});

test("float32 goes in and out bit for bit, a NaN's payload and a shared buffer's neighbours too", () => {
  const bits = Uint32Array.of(0x7fc01234, 0xffa00001, 0x80000000, 1, 0x7f800000);
  const values = new Float32Array(bits.buffer);
  const written = encode("F32", values);
  expect([...new Uint32Array(written.slice().buffer)]).toEqual([...bits]);
  const among = Buffer.concat([Buffer.from([9]), written, Buffer.from([9])]).subarray(1, 1 + written.length);
  expect([...new Uint32Array(decode("F32", among, bits.length).buffer)]).toEqual([...bits]);
});
