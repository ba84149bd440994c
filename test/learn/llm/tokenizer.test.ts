// Tokens: learnt as Hugging Face's trainer learns them, run by its tokenizer, and carried by GGUF files.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { trainBytePairs } from "#lib/learn/llm/byte-pairs.ts";
import { metadataOfTokenizer, tokenizerFromGguf, tokenizerFromJson, tokenizerOf } from "#lib/learn/llm/tokenizer.ts";

type Case = { text: string | null; size: number; merges: string[]; tokens: string[]; encoded: Record<string, number[]> };
const golden = JSON.parse(readFileSync("test/learn/golden/byte-pairs.json", "utf8")) as Record<"play" | "mixed", Case>;
const play = readFileSync("drizzle/seed/data/tinyshakespeare.txt", "utf8").slice(0, 120_000);
const special = ["<|end|>"];
const learnt = {
  play: trainBytePairs([play], { size: 900, special }),
  mixed: trainBytePairs([golden.mixed.text!], { size: 330, special }),
};

describe.each(["play", "mixed"] as const)("byte pairs of the %s text", (name) => {
  it("are merged as the reference merges them, one for one", () => {
    expect(learnt[name].merges.map((pair) => pair.join(" "))).toEqual(golden[name].merges);
    expect(learnt[name].tokens.slice(0, 257)).toEqual(golden[name].tokens);
  });
  it("are run by Hugging Face's tokenizer from our tokenizer.json, which encodes as the reference does", () => {
    const tokenizer = tokenizerOf(learnt[name], special, { end: "<|end|>" });
    for (const [text, ids] of Object.entries(golden[name].encoded)) expect(tokenizer.encode(text)).toEqual(ids);
    expect(tokenizer).toMatchObject({ size: learnt[name].tokens.length, end: 0, begin: null });
  });
});

describe("a tokenizer", () => {
  const tokenizer = tokenizerOf(learnt.mixed, special, {
    end: "<|end|>",
    template:
      "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}",
  });
  it("gives any text back from its tokens", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => tokenizer.decode(tokenizer.encode(text)) === text));
  });
  it("travels in the metadata of a GGUF file", () => {
    const back = tokenizerFromGguf(metadataOfTokenizer(tokenizer));
    const text = "don't 東京 aaaa <|end|> ☃";
    expect(back.encode(text)).toEqual(tokenizer.encode(text));
    expect([back.size, back.end, back.begin]).toEqual([tokenizer.size, 0, null]);
  });
  it("writes a conversation by the model's template, and refuses one when there is none", () => {
    expect(tokenizer.chat([{ role: "user", content: "Hi {{ 1 + 1 }}" }])).toBe("user: Hi {{ 1 + 1 }}<|end|>assistant: ");
    expect(() => tokenizerFromJson(tokenizer.json).chat([])).toThrow("no template");
  });
  it("begins texts as the file says, unless they are a part", () => {
    const metadata = metadataOfTokenizer(tokenizer);
    metadata.set("tokenizer.ggml.bos_token_id", { type: "u32", value: 0 });
    metadata.set("tokenizer.ggml.add_bos_token", { type: "bool", value: true });
    const back = tokenizerFromGguf(metadata);
    expect(back.encode("aa")).toEqual([0, ...tokenizer.encode("aa")]);
    expect(back.encode("aa", { isWhole: false })).toEqual(tokenizer.encode("aa"));
  });
  it("of another kind is refused by name", () => {
    const metadata = metadataOfTokenizer(tokenizer);
    expect(() => tokenizerFromGguf(new Map([...metadata, ["tokenizer.ggml.model", { type: "string", value: "t5" }]]))).toThrow('kind "t5"');
    expect(() => tokenizerFromGguf(new Map([...metadata, ["tokenizer.ggml.pre", { type: "string", value: "tekken" }]]))).toThrow(
      '"tekken"',
    );
    expect(() => tokenizerFromGguf(new Map())).toThrow("no tokenizer.ggml.model");
    expect(() => trainBytePairs(["a"], { size: 100 })).toThrow("cannot hold 256 bytes");
  });
});
