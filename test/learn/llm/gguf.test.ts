// GGUF files: the reference's file is read to the bit, what was written is read, and a hostile file is an error before it is an allocation.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type GgufScalar, type GgufTensor, type GgufValue, ggufPieces, openGguf } from "#lib/learn/llm/gguf.ts";
import { decode, type Encoding, encode } from "#lib/learn/weights/encodings.ts";
import { readTensor } from "#lib/learn/weights/safetensors.ts";
import { bytesSource } from "#lib/learn/weights/source.ts";

const reference = new Uint8Array(readFileSync("test/learn/golden/small.gguf"));
const golden = JSON.parse(readFileSync("test/learn/golden/weight-files.json", "utf8")) as Record<
  Encoding,
  { given: number[]; read: number[]; bytes: string }
>;
const written = (metadata: Map<string, GgufValue>, tensors: GgufTensor[]): Uint8Array => Buffer.concat([...ggufPieces(metadata, tensors)]);

describe("the reference's file", () => {
  it("gives every type of metadata with its value", async () => {
    const { metadata, version } = await openGguf(bytesSource(reference));
    expect(version).toBe(3);
    expect(Object.fromEntries([...metadata].filter(([key]) => key.startsWith("t.")).map(([key, one]) => [key, one.value]))).toEqual({
      ...{ "t.u8": 200, "t.i8": -100, "t.u16": 60000, "t.i16": -30000, "t.u32": 4000000000, "t.i32": -2000000000 },
      ...{ "t.f32": Math.fround(0.1), "t.f64": 0.1, "t.u64": 2n ** 63n + 5n, "t.i64": -(2 ** 40), "t.bool": true, "t.string": "Käse ☃" },
      ...{ "t.strings": ["a", "", "ß"], "t.ints": [1, -2, 3], "t.floats": [0.5, -1.25], "t.bools": [true, false] },
    });
  });
  it.each(Object.keys(golden) as Encoding[])("has the reference's numbers in %s, and ours are its bytes", async (encoding) => {
    const { tensors } = await openGguf(bytesSource(reference));
    const entry = tensors.get(`x.${encoding}`)!;
    expect(entry).toMatchObject({ encoding, shape: [3, 64] });
    const numbers = await readTensor(bytesSource(reference), entry);
    expect(Array.from(numbers, (one) => one + 0)).toEqual(golden[encoding].read.map((one) => one + 0)); // −0 is 0
    expect(Buffer.from(encode(encoding, Float32Array.from(golden[encoding].given))).toString("hex")).toBe(golden[encoding].bytes);
  });
});

const scalarOf: Record<GgufScalar, fc.Arbitrary<number | bigint | boolean | string>> = {
  ...{ u8: fc.nat(255), i8: fc.integer({ min: -128, max: 127 }), u16: fc.nat(65535), i16: fc.integer({ min: -32768, max: 32767 }) },
  ...{ u32: fc.nat(2 ** 31 - 1), i32: fc.integer(), f32: fc.float({ noNaN: true }), f64: fc.double({ noNaN: true }) },
  ...{ bool: fc.boolean(), string: fc.string({ unit: "grapheme" }) },
  u64: fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
  i64: fc.maxSafeInteger(),
};
const scalars = Object.keys(scalarOf) as GgufScalar[];
const anyValue: fc.Arbitrary<GgufValue> = fc.oneof(
  ...scalars.map((type) => scalarOf[type].map((value): GgufValue => ({ type, value }))),
  ...scalars.map((of) => fc.array(scalarOf[of], { maxLength: 5 }).map((value): GgufValue => ({ type: "array", of, value }))),
  fc
    .array(fc.constant<GgufValue>({ type: "array", of: "u8", value: [1, 2] }), { maxLength: 2 })
    .map((value): GgufValue => ({ type: "array", of: "array", value })),
);
const anyTensor = fc.record({
  encoding: fc.constantFrom<Encoding>("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1"),
  rows: fc.integer({ min: 1, max: 3 }),
  seed: fc.float({ noNaN: true, min: -1, max: 1 }),
});
const anyFile = fc
  .tuple(fc.dictionary(fc.string({ minLength: 1 }), anyValue, { maxKeys: 5 }), fc.array(anyTensor, { maxLength: 4 }))
  .map(([entries, kinds]) => {
    const metadata = new Map(Object.entries(entries).filter(([key]) => key !== "general.alignment"));
    const tensors = kinds.map(({ encoding, rows, seed }, i) => {
      const values = Float32Array.from({ length: rows * 32 }, (_, j) => seed * Math.sin(j));
      return { name: `t${i}`, encoding, shape: [rows, 32], values };
    });
    return { metadata, tensors };
  });

describe("any file", () => {
  it("is read as it was written", async () => {
    await fc.assert(
      fc.asyncProperty(anyFile, async ({ metadata, tensors }) => {
        const source = bytesSource(written(metadata, tensors));
        const read = await openGguf(source);
        expect(read.metadata).toEqual(metadata);
        expect([...read.tensors.keys()]).toEqual(tensors.map((one) => one.name));
        for (const { name, encoding, values } of tensors)
          expect(await readTensor(source, read.tensors.get(name)!)).toEqual(decode(encoding, encode(encoding, values), values.length));
      }),
      { numRuns: 100 },
    );
  });
  it("cut anywhere is refused in words", async () => {
    const cuts = Array.from({ length: 200 }, (_, i) => Math.floor((i * (reference.length - 33)) / 200));
    for (const at of cuts) await expect(openGguf(bytesSource(reference.slice(0, at)))).rejects.toThrow(/GGUF|truncated/);
  });
  it("with bytes changed is read or refused, never more", async () => {
    const changes = fc.array(fc.tuple(fc.nat(1500), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(changes, async (some) => {
        const bytes = reference.slice();
        for (const [at, value] of some) bytes[at] = value;
        const file = await openGguf(bytesSource(bytes)).catch((error: unknown) => error);
        if (file instanceof Error) expect(file.message).toMatch(/\w+ .*/);
        else
          for (const entry of (file as Awaited<ReturnType<typeof openGguf>>).tensors.values())
            expect((await readTensor(bytesSource(bytes), entry)).length).toBe(entry.shape.reduce((n, d) => n * d, 1));
      }),
      { numRuns: 500 },
    );
  });
});

const eightBytes = (value: bigint): Buffer => {
  const eight = Buffer.alloc(8);
  eight.writeBigUInt64LE(value);
  return eight;
};
/** A file of words of four (number) and eight bytes (bigint) and of texts, as somebody with bad intentions would write it. */
const forged = (...parts: (number | bigint | string)[]): Uint8Array =>
  Buffer.concat([
    Buffer.from("GGUF\u0003\0\0\0"),
    ...parts.map((part) => {
      if (typeof part === "string") return Buffer.concat([eightBytes(BigInt(part.length)), Buffer.from(part)]);
      return typeof part === "bigint" ? eightBytes(part) : eightBytes(BigInt(part)).subarray(0, 4);
    }),
  ]);
const deep = Array.from({ length: 12 }).flatMap(() => [9, 1n]);

describe("a hostile file is refused before anything is allocated for it", () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ["nothing", new Uint8Array(0), /ends at 0/],
    ["another format", Buffer.from("PK\u0003\u0004aaaaaaaaaaaaaaaaaaaa"), /Not a GGUF file/],
    ["version 1", Buffer.concat([Buffer.from("GGUF"), Buffer.from([1, 0, 0, 0]), Buffer.alloc(64)]), /version 1 cannot be read/],
    ["big-endian", Buffer.concat([Buffer.from("GGUF"), Buffer.from([0, 0, 0, 3]), Buffer.alloc(64)]), /big-endian/],
    ["2⁶⁴ − 1 tensors", forged(2n ** 64n - 1n, 0n), /number of tensors claims 18446744073709551615/],
    ["a key of 2⁶³ bytes", forged(0n, 1n, 2n ** 63n, "xxxxxxxxxxxx"), /claims 9223372036854775808/],
    ["an array of 2⁴⁰ numbers", forged(0n, 1n, "k", 9, 4, 2n ** 40n), /length of Metadata k claims/],
    ["arrays in arrays in arrays", forged(0n, 1n, "k", 9, ...deep), /deeper than 4/],
    ["an unknown type of value", forged(0n, 1n, "k", 77, 0n), /has type 77/],
    ["a bool of 2", Buffer.concat([forged(0n, 1n, "k", 7), Buffer.from([2, 0, 0, 0])]), /bool of 2/],
    ["one key twice", forged(0n, 2n, "k", 4, 1, "k", 4, 1), /k stands in the GGUF file twice/],
    ["an alignment of 3", forged(0n, 1n, "general.alignment", 4, 3), /not a power of two/],
    ["nine dimensions", forged(1n, 0n, "t", 9, 1n, 1n, 1n, 1n), /9 dimensions/],
    ["a shape past all numbers", forged(1n, 0n, "t", 2, 2n ** 62n, 2n ** 62n, 0, 0n), /too large for any file/],
    ["a tensor outside the file", forged(1n, 0n, "t", 1, 1024n, 0, 0n), /truncated/],
    ["a tensor before its place", forged(2n, 0n, "a", 1, 1n, 0, 0n, "b", 1, 1n, 0, 0n, 0n, 0n, 0n, 0n), /overlap or gap/],
    ["an encoding we cannot read", forged(1n, 0n, "t", 1, 256n, 12, 0n), /Q4_K; F32/],
    ["half a block", forged(1n, 0n, "t", 2, 16n, 2n, 2, 0n), /whole Q4_0 blocks/],
  ];
  it.each(cases)("%s", async (_, bytes, words) => {
    await expect(openGguf(bytesSource(bytes))).rejects.toThrow(words);
  });
  it("and what we would write wrong is refused too", () => {
    const tensor: GgufTensor = { name: "t", encoding: "F32", shape: [2], values: new Float32Array(2) };
    expect(() => written(new Map(), [tensor, tensor])).toThrow("taken");
    expect(() => written(new Map(), [{ ...tensor, shape: [3] }])).toThrow("needs 3 values");
    expect(() => written(new Map(), [{ ...tensor, shape: [2], encoding: "Q8_0" }])).toThrow("whole Q8_0 blocks");
    expect(() => written(new Map([["k", { type: "u8", value: 256 }]]), [])).toThrow("256 is no u8");
  });
});
