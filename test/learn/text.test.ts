// Text metrics against their references: the published golden sets to the printed digits, and random text (golden/text.py).
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { corpusBleu, sentenceBleu } from "#lib/learn/text/bleu.ts";
import { corpusChrf } from "#lib/learn/text/chrf.ts";
import { porterStem } from "#lib/learn/text/porter.ts";
import { type RougeType, rouge } from "#lib/learn/text/rouge.ts";
import { corpusTer } from "#lib/learn/text/ter.ts";

type Case = { hyps: string[]; refs: string[][] } & Record<string, number> & Record<`rouge_${string}`, Record<RougeType, number[]>>;
const golden = JSON.parse(readFileSync("test/learn/golden/text.json", "utf8"));
const cases: Case[] = golden.cases;

const first = {
  hyps: ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."],
  refs: [
    ["The dog bit the man.", "The dog had bit the man."],
    ["It was not unexpected.", "No one was surprised."],
    ["The man bit him first.", "The man had bitten the dog."],
  ],
};
const second = {
  hyps: ["The cat sat on the mat.", "He reads the book because he was interested in world history.", "a b c"],
  refs: [["The cat is sitting on the mat."], ["He was interested in world history because he read the book."], ["a b d"]],
};

describe("golden set 1", () => {
  it("BLEU in three tokenisations, with its parts and signature", () => {
    const bleu = corpusBleu(first.hyps, first.refs);
    expect(bleu.score).toBeCloseTo(48.530_827_009_93, 11);
    expect(bleu.precisions.map((p) => p.toFixed(1))).toEqual(["82.4", "50.0", "45.5", "37.5"]);
    expect([bleu.brevityPenalty.toFixed(3), bleu.hypothesisLength, bleu.referenceLength]).toEqual(["0.943", 17, 18]);
    expect(bleu.signature).toBe("nrefs:2|case:mixed|eff:no|tok:13a|smooth:exp");
    expect(corpusBleu(first.hyps, first.refs, { tokenizer: "none" }).score).toBeCloseTo(49.191_956_600_473, 11);
    expect(corpusBleu(first.hyps, first.refs, { tokenizer: "intl" }).score).toBeCloseTo(43.916_234_933_37, 11);
  });
  it("chrF2, chrF2++ and TER", () => {
    expect(corpusChrf(first.hyps, first.refs)).toBeCloseTo(59.727_517_826_848, 11);
    expect(corpusChrf(first.hyps, first.refs, { wordOrder: 2 })).toBeCloseTo(59.153_104_443_993, 11);
    expect(corpusTer(first.hyps, first.refs).score).toBe(40);
  });
});

describe("golden set 2", () => {
  it("corpus and sentences", () => {
    const bleu = corpusBleu(second.hyps, second.refs);
    expect([bleu.score.toFixed(2), bleu.brevityPenalty.toFixed(3), ...bleu.precisions.map((p) => p.toFixed(2))]).toEqual([
      "41.64",
      "0.956",
      "86.36",
      "57.89",
      "31.25",
      "23.08",
    ]);
    expect(corpusChrf(second.hyps, second.refs).toFixed(6)).toBe("71.905330");
    expect(corpusTer(second.hyps, second.refs).score.toFixed(6)).toBe("47.619048");
    const sentences = second.hyps.map((one, i) => sentenceBleu(one, second.refs[i]!).score);
    for (const [i, wanted] of [42.383_656, 42.728_701, 55.032_121].entries()) expect(Math.abs(sentences[i]! - wanted)).toBeLessThan(1e-6);
    expect(Math.abs(sentenceBleu("this is a fest", ["this is a test"], { floor: 0.01 }).score - 22.360_68)).toBeLessThan(1e-6);
  });
  it("ROUGE of the published examples", () => {
    expect(rouge("rouge1", ["testing one two"], "testing")).toEqual({ precision: 1, recall: 1 / 3, f: 0.5 });
    const lsum = rouge("rougeLsum", ["w1 w2 w3 w4 w5"], "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5");
    expect([lsum.recall, lsum.precision, lsum.f.toFixed(6)]).toEqual([0.8, 0.4, "0.533333"]);
  });
});

describe("random text", () => {
  const same = (got: number, wanted: number, what: string): void =>
    expect(Math.abs(got - wanted), `${what}: ${got}, not ${wanted}`).toBeLessThan(1e-9);
  it("BLEU, chrF and TER equal sacreBLEU's", () => {
    for (const [i, one] of cases.entries()) {
      for (const tokenizer of ["13a", "intl", "none"] as const)
        same(corpusBleu(one.hyps, one.refs, { tokenizer }).score, one[`bleu_${tokenizer}`]!, `case ${i} ${tokenizer}`);
      same(corpusBleu(one.hyps, one.refs, { lowercase: true }).score, one.bleu_lc!, `case ${i} lower-cased`);
      same(sentenceBleu(one.hyps[0]!, one.refs[0]!).score, one.sentence!, `case ${i} sentence`);
      same(corpusChrf(one.hyps, one.refs), one.chrf!, `case ${i} chrF`);
      same(corpusChrf(one.hyps, one.refs, { wordOrder: 2 }), one.chrfpp!, `case ${i} chrF++`);
      same(corpusTer(one.hyps, one.refs).score, one.ter!, `case ${i} TER`);
      same(corpusTer(one.hyps, one.refs, { isCaseSensitive: true }).score, one.ter_case!, `case ${i} TER cased`);
    }
  });
  it("TER equals sacreBLEU's where shifts run into their limit", () => {
    same(corpusTer([golden.long.hyp], [[golden.long.ref]]).score, golden.long.ter, "long");
  });
  it("ROUGE equals rouge-score's, plain and stemmed", () => {
    for (const [i, one] of cases.entries())
      for (const isStemmed of [false, true])
        for (const [type, wanted] of Object.entries(one[`rouge_${isStemmed ? "stem" : "plain"}`]!)) {
          const target = one.refs.map((refs) => refs[0]).join("\n");
          const got = rouge(type as RougeType, [target, one.refs[0]!.at(-1)!], one.hyps.join("\n"), { isStemmed });
          for (const [k, value] of [got.precision, got.recall, got.f].entries()) same(value, wanted[k]!, `case ${i} ${type}`);
        }
  });
  it("stems equal NLTK's", () => {
    expect(Object.fromEntries(Object.keys(golden.stems).map((word) => [word, porterStem(word)]))).toEqual(golden.stems);
  });
});

describe("bad input", () => {
  it("is refused in words", () => {
    expect(() => corpusBleu([], [])).toThrow("no hypothesis");
    expect(() => corpusTer(["a"], [])).toThrow("references for 0");
    expect(() => corpusChrf(["a"], [[]])).toThrow("no reference");
    expect(() => rouge("rouge1", [], "a")).toThrow("no reference");
  });
  it("nothing against nothing is nothing", () => {
    expect(corpusBleu([""], [[""]]).score).toBe(0);
    expect(corpusTer([""], [[""]]).score).toBe(0);
    expect(corpusTer(["a"], [[""]]).score).toBe(100);
  });
});
