// Porter's stemmer with the extensions of NLTK, which rouge-score uses: an algorithm for suffix stripping (Porter 1980). A word is
// [C](VC)^m[V]; rules ask for its measure m and how it ends.

const irregular: Record<string, string> = {
  sky: "sky",
  skies: "sky",
  dying: "die",
  lying: "lie",
  tying: "tie",
  news: "news",
  innings: "inning",
  inning: "inning",
  outings: "outing",
  outing: "outing",
  cannings: "canning",
  canning: "canning",
  howe: "howe",
  proceed: "proceed",
  exceed: "exceed",
  succeed: "succeed",
};

/** c or v for each letter; y is a vowel after a consonant. */
const shape = (word: string): string => {
  let flags = "";
  for (const letter of word) flags += "aeiou".includes(letter) || (letter === "y" && flags.endsWith("c")) ? "v" : "c";
  return flags;
};

const measure = (stem: string): number => shape(stem).split("vc").length - 1;
const isLong = (stem: string): boolean => measure(stem) > 0;
const isLonger = (stem: string): boolean => measure(stem) > 1;
const hasVowel = (stem: string): boolean => shape(stem).includes("v");
const endsDouble = (word: string): boolean => word.length >= 2 && word.at(-1) === word.at(-2) && shape(word).endsWith("c");
const endsShort = (word: string): boolean => {
  const flags = shape(word);
  return (flags.length >= 3 && flags.endsWith("cvc") && !/[wxy]$/.test(word)) || flags === "vc";
};

type Rule = [suffix: string, replacement: string, condition?: (stem: string) => boolean];

/** The first rule whose suffix fits decides, also when its condition fails. */
const apply = (word: string, rules: readonly Rule[]): string => {
  for (const [suffix, replacement, condition] of rules) {
    if (!word.endsWith(suffix)) continue;
    const stem = word.slice(0, word.length - suffix.length);
    return !condition || condition(stem) ? stem + replacement : word;
  }
  return word;
};

const plural = (word: string): string =>
  word.endsWith("ies") && word.length === 4
    ? word.slice(0, -1)
    : apply(word, [
        ["sses", "ss"],
        ["ies", "i"],
        ["ss", "ss"],
        ["s", ""],
      ]);

const past = (word: string): string => {
  if (word.endsWith("ied")) return word.slice(0, word.length === 4 ? -1 : -2);
  if (word.endsWith("eed")) return isLong(word.slice(0, -3)) ? word.slice(0, -1) : word;
  const suffix = ["ed", "ing"].find((one) => word.endsWith(one) && hasVowel(word.slice(0, -one.length)));
  if (!suffix) return word;
  const stem = word.slice(0, -suffix.length);
  const last = stem.at(-1)!;
  if (/(at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (endsDouble(stem)) return "lsz".includes(last) ? stem : stem.slice(0, -1);
  return measure(stem) === 1 && endsShort(stem) ? `${stem}e` : stem;
};

const yToI = (word: string): string => apply(word, [["y", "i", (stem) => stem.length > 1 && shape(stem).endsWith("c")]]);

const doubleSuffixes: readonly Rule[] = [
  ...(
    [
      ["ational", "ate"],
      ["tional", "tion"],
      ["enci", "ence"],
      ["anci", "ance"],
      ["izer", "ize"],
      ["bli", "ble"],
      ["alli", "al"],
      ["entli", "ent"],
      ["eli", "e"],
      ["ousli", "ous"],
      ["ization", "ize"],
      ["ation", "ate"],
      ["ator", "ate"],
      ["alism", "al"],
      ["iveness", "ive"],
      ["fulness", "ful"],
      ["ousness", "ous"],
      ["aliti", "al"],
      ["iviti", "ive"],
      ["biliti", "ble"],
      ["fulli", "ful"],
    ] as const
  ).map(([suffix, replacement]): Rule => [suffix, replacement, isLong]),
  ["logi", "log", (stem) => isLong(`${stem}l`)],
];

const shorten = (word: string): string =>
  word.endsWith("alli") && isLong(word.slice(0, -4)) ? shorten(word.slice(0, -2)) : apply(word, doubleSuffixes);

const thirdSuffixes: readonly Rule[] = [
  ["icate", "ic", isLong],
  ["ative", "", isLong],
  ["alize", "al", isLong],
  ["iciti", "ic", isLong],
  ["ical", "ic", isLong],
  ["ful", "", isLong],
  ["ness", "", isLong],
];

const fourthSuffixes: readonly Rule[] = [
  ...["al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent"].map((suffix): Rule => [suffix, "", isLonger]),
  ["ion", "", (stem) => isLonger(stem) && /[st]$/.test(stem)],
  ...["ou", "ism", "ate", "iti", "ous", "ive", "ize"].map((suffix): Rule => [suffix, "", isLonger]),
];

const dropE = (word: string): string => {
  if (!word.endsWith("e")) return word;
  const stem = word.slice(0, -1);
  return isLonger(stem) || (measure(stem) === 1 && !endsShort(stem)) ? stem : word;
};

const dropL = (word: string): string => (word.endsWith("ll") && isLonger(word.slice(0, -1)) ? word.slice(0, -1) : word);

/** Stem of a lower-case word. */
export const porterStem = (word: string): string => {
  if (Object.hasOwn(irregular, word)) return irregular[word]!;
  if (word.length <= 2) return word;
  return dropL(dropE(apply(apply(shorten(yToI(past(plural(word)))), thirdSuffixes), fourthSuffixes)));
};
