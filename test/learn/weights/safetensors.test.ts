// safetensors files: what was written is read, and a hostile file is an error before it is an allocation.
import fc from "fast-check";
import { expect, test } from "vitest";
import { openSafetensors, readTensor, safetensorsPieces } from "#lib/learn/weights/safetensors.ts";
import { bytesSource as source } from "#lib/learn/weights/source.ts";

const tensors = [
  { name: "a", encoding: "F32" as const, shape: [2, 3], values: Float32Array.of(1, -2, 3.5, 0, 1e-9, 6e8) },
  { name: "b.weight", encoding: "BF16" as const, shape: [2], values: Float32Array.of(0.5, -4) },
  { name: "none", encoding: "F16" as const, shape: [0, 4], values: new Float32Array(0) },
];
const good = Buffer.concat([...safetensorsPieces(tensors, { format: "pt" })]);

function withHeader(header: unknown, data = 8): Uint8Array {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(data)]);
}
const f32 = (shape: unknown, data_offsets: unknown, dtype: unknown = "F32") => ({ dtype, shape, data_offsets });

test("what was written is read: names, shapes, metadata, numbers", async () => {
  const file = await openSafetensors(source(good));
  expect(file.metadata).toEqual({ format: "pt" });
  expect([...file.tensors.keys()].sort()).toEqual(["a", "b.weight", "none"]);
  for (const t of tensors) {
    const found = file.tensors.get(t.name);
    if (!found) throw new Error(`${t.name} is missing`);
    expect(found.shape).toEqual(t.shape);
    expect(await readTensor(source(good), found)).toEqual(t.values);
  }
});

test("a file cut anywhere is refused", async () => {
  for (let end = 0; end < good.length; end++) await expect(openSafetensors(source(good.subarray(0, end)))).rejects.toThrow();
});

test.each([
  ["a header length beyond the file", Buffer.alloc(16, 0xff), "header claims"],
  ["overlapping tensors", withHeader({ a: f32([1], [0, 4]), b: f32([1], [0, 4]) }), "overlap or gap"],
  ["a gap", withHeader({ a: f32([1], [4, 8]) }), "overlap or gap"],
  ["bytes after the last tensor", withHeader({ a: f32([1], [0, 4]) }), "tensors end at byte"],
  ["offsets beyond the file", withHeader({ a: f32([1e9], [0, 4e9]) }), "tensors end at byte"],
  ["a size no number can hold", withHeader({ a: f32([2 ** 40, 2 ** 40], [0, 8]) }), "not a number of values"],
  ["a negative dimension", withHeader({ a: f32([-1], [0, 8]) }), "no valid shape"],
  ["a shape that disagrees with its offsets", withHeader({ a: f32([3], [0, 8]) }), "takes 12 bytes"],
  ["an unknown type", withHeader({ a: f32([1], [0, 8], "I64") }), "has type"],
  ["a header that is no object", withHeader([1]), "not a JSON object"],
])("%s is a clear error", async (_, bytes, message) => {
  await expect(openSafetensors(source(bytes))).rejects.toThrow(message);
});

test("a damaged file gives tensors inside the file or an Error, never a read outside", async () => {
  const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(damage, async (changes) => {
      const bytes = Uint8Array.from(good);
      for (const [at, value] of changes) bytes[at] = value;
      const file = await openSafetensors(source(bytes)).catch((error: Error) => error);
      if (file instanceof Error) {
        expect(file.message).not.toContain("read outside");
        return;
      }
      for (const t of file.tensors.values()) expect(t.offset + t.bytes).toBeLessThanOrEqual(bytes.length);
    }),
    { numRuns: 500, seed: 11 },
  );
});
