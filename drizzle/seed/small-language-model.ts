// The notebook "A small language model": counting letters, a GPT trained on Shakespeare, and adapters that teach it to cook.
import { code, type SeedNotebook, text } from "#drizzle/seed/notebook.ts";
import { shakespeare } from "#drizzle/seed/tables.ts";

export const smallLanguageModel: SeedNotebook = {
  key: "small-language-model",
  title: "A small language model",
  tables: [shakespeare],
  smaller: {
    'lines.join("\\n")': 'lines.slice(0, 2000).join("\\n")',
    "const steps = 3000": "const steps = 16",
    "const tuning = 400": "const tuning = 8",
    "const length = 300": "const length = 20",
    "const brief = 220": "const brief = 12",
  },
  cells: [
    text(`# A small language model
A language model does one thing: it reads what stands there, and says how likely each next character is. Everything else follows. To write is
to draw the next character, append it, and ask again. To learn is to be less surprised by what really came.

This notebook trains one on the plays of Shakespeare, on this machine, in a few minutes; lets it speak; and then teaches it to write
recipes, without touching what it knows. It is the same design as the large ones, many thousand times smaller.`),
    code(`
// @cell read
import { chart, datasets, learn, models, runs } from "atelier";

const plays = await datasets.open("shakespeare");
const lines = await plays.column("text");
const text = lines.join("\\n");
const alphabet = [...new Set(text)].sort();

console.log(\`\${text.length.toLocaleString("en")} characters, \` +
  \`\${alphabet.length} different ones\`);
console.log(lines.slice(0, 8).join("\\n"));`),
    text(`The data set was uploaded as a plain \`.txt\` file: prose becomes one column *text*, a row a line. Any text of yours works the same way.

## How surprised?
A model gives each next character *c* a probability. Its mark is the mean surprise over text it has never seen, in nats a character:

    loss = −(1/n) · Σ log p(cᵢ | what stands before cᵢ)

Who knows nothing but the alphabet is surprised by log 65 = 4.17 nats each time. Counting does better: how often does each character
follow the one, two or three before it? These tables need no network, and are the rungs that it has to climb past. The last tenth of the
text is kept for measuring; \`0.1\` in the cell is what a pair that never occurred counts.`),
    code(`
const cut = Math.floor(text.length * 0.9);
const counted = (order: number) => {
  const seen = new Map<string, Map<string, number>>();
  const totals = new Map<string, number>();
  for (let i = order; i < cut; i++) {
    const before = text.slice(i - order, i);
    const after = seen.get(before) ?? new Map<string, number>();
    seen.set(before, after.set(text[i], (after.get(text[i]) ?? 0) + 1));
    totals.set(before, (totals.get(before) ?? 0) + 1);
  }
  let surprise = 0;
  for (let i = cut; i < text.length; i++) {
    const before = text.slice(i - order, i);
    const count = seen.get(before)?.get(text[i]) ?? 0;
    const total = totals.get(before) ?? 0;
    surprise -= Math.log((count + 0.1) / (total + 0.1 * alphabet.length));
  }
  return surprise / (text.length - cut);
};
const rungs = [
  { knows: "the alphabet", loss: Math.log(alphabet.length) },
  { knows: "how often each occurs", loss: counted(0) },
  { knows: "one character before", loss: counted(1) },
  { knows: "two before", loss: counted(2) },
  { knows: "three before", loss: counted(3) }];
display(rungs.map(({ knows, loss }) => ({ knows, loss: loss.toFixed(2) })));`),
    text(`A table over ten characters would need more rows than there are sentences in the world, and nearly all of them empty. The way out is not
to look contexts up, but to compute with them.

## The network
Each character becomes a vector of 96 numbers, found in a table, plus a vector for its place. Then three blocks, one after another. In
each the places first tell each other something, then every place thinks for itself:

    x ← x + attention(norm(x))
    x ← x + W₂ · gelu(W₁ · norm(x))

**Attention** is how a place reads what stands before it. Every place asks a question *q*, offers a key *k* and holds a value *v*, each a
product of *x* with learned weights. It takes the values of the others in the measure in which their keys answer its question, and never
those of places to come:

    attention = softmax( q·kᵀ / √d ) · v

At the end the same table of characters turns the vectors into 65 scores, and *softmax* into probabilities. The whole network is
\`lib/learn/networks/gpt.ts\`, under two hundred lines, after nanoGPT by Andrej Karpathy. With \`learn.layers\` you can write your own.`),
    code(`
// @cell train
const steps = 3000;

const run = await runs.start({ experiment: "A small language model",
  name: "Shakespeare", params: { steps, layers: 3, width: 96 } });
const poet = await learn.gpt(text, {
  layers: 3, heads: 4, width: 96, context: 64,
  batchSize: 12, rate: 4e-3, steps, validateEvery: Math.ceil(steps / 6),
  seed: 1337, run });
await run.end();
run`),
    text(`Each step reads twelve pieces of 64 characters and moves all weights a little. *steps* is the one number to change: a tenth of it gives a
stammer in seconds. With nanoGPT's own sizes for a processor, four layers of 128, a rate of 10⁻³ and 2,000 steps, it comes below 1.9 nats.
Name a \`checkpoint\` file, and a run that was stopped goes on where it was.`),
    code(`
const ladder = [...rungs, { knows: "the network", loss: poet.validationLoss }];
const best = Math.min(...rungs.map((one) => one.loss));

chart({
  title: { text: \`\${poet.validationLoss.toFixed(2)} nats for the network, \` +
    \`\${best.toFixed(2)} for the best table\`,
    subtitle: "mean surprise at a character of the last tenth, " +
      "by what the model knows" },
  width: "container", height: 200, data: { values: ladder },
  layer: [
    { mark: "bar" },
    { mark: { type: "text", align: "left", dx: 5 },
      encoding: { text: { field: "loss", format: ".2f" } } }],
  encoding: {
    x: { field: "loss", type: "quantitative", title: "nats a character" },
    y: { field: "knows", type: "nominal", sort: null, title: "",
      axis: { labelLimit: 200 } } } })`),
    text(`## It speaks
The next character is drawn from the probabilities, divided by a *temperature* before the softmax: near 0 only the likeliest is ever said,
at 1 the model speaks as it believes. The seed makes it the same each time.`),
    code(`
const length = 300;
console.log(await poet.sample("ROMEO:\\n", length,
  { temperature: 0.8, seed: 3 }));`),
    text(`No word of this was ever written down for it. It found out that names stand in capitals before a colon, that lines are short, where words
end, and most of the spelling, from one question asked two million times.

## A second text
Now something in another voice: a cookbook. It is written by the small grammar in the next cell, and so has what no real book has: a *known*
surprise. Every choice between *n* words costs log *n* nats, everything between is certain. No model on earth can stay below that floor.`),
    code(`
// @cell cookbook
let state = 11; // a fixed seed: the same book every time
let surprise = 0; // of all choices so far, in nats
const pick = (words: string) => {
  const options = words.split(", ");
  surprise += Math.log(options.length);
  state = (state * 48271) % 2147483647;
  return options[Math.floor((state / 2147483647) * options.length)];
};
const recipe = () => {
  const dish = pick("Soup, Stew, Broth, Pie");
  const [main, side] = [
    pick("leeks, onions, carrots, turnips, beans, apples, plums, eggs"),
    pick("barley, lentils, oats, rice, cream, butter, cider, thyme")];
  return \`\${dish} of \${main} and \${side}.\\n\` +
    \`Take \${pick("two, three, four, six")} \${main} and \` +
    \`\${pick("a cup, a spoon, a bowl, a handful")} of \${side}. \` +
    \`\${pick("Wash, Peel, Slice, Chop")} the \${main}, \` +
    \`\${pick("boil, bake, fry, steam")} them \` +
    \`\${pick("gently, slowly, for an hour, until soft")}, \` +
    \`then stir in the \${side}. \` +
    \`Serve it \${pick("hot, warm, cold, with bread")}.\\n\\n\`;
};
const cookbook = Array.from({ length: 400 }, recipe).join("");
const floor = surprise / cookbook.length;
console.log(cookbook.split("\\n\\n").slice(0, 2).join("\\n\\n"));
console.log(\`\${cookbook.length.toLocaleString("en")} characters; \` +
  \`floor \${floor.toFixed(3)} nats a character\`);`),
    text(`## Adapters
One could go on training on the cookbook, and the plays would be forgotten. **LoRA** (Hu et al. 2021) leaves every weight where it is, and
lets a thin product stand beside each matrix:

    x·W  becomes  x·W + 2 · (x·A)·B        A: 96 × 8,  B: 8 × 96

*B* begins as zero, so the first answer is the old one. Only *A* and *B* learn. That is how the large models are tuned, too: what a task
needs to change is small, though the model is not.`),
    code(`
// @cell tune
const tuning = 400;

const second = await runs.start({ experiment: "A small language model",
  name: "cookbook", params: { steps: tuning, rank: 8 } });
const cook = await learn.adaptGpt(poet, cookbook,
  { rank: 8, steps: tuning, rate: 1e-2, seed: 1337, run: second });
await second.end();

const sizeOf = (names: Iterable<string>) => [...names]
  .reduce((sum, name) => sum + cook.weights.get(name)!.length, 0);
const added = [...cook.weights.keys()]
  .filter((name) => !poet.weights.has(name));
console.log(\`\${sizeOf(added).toLocaleString("en")} weights learned beside \` +
  \`\${sizeOf(poet.weights.keys()).toLocaleString("en")} that stayed\`);
second`),
    text(`## Before and after
Both models, on both texts, on the parts that neither has learned from.`),
    code(`
// @cell verdict
const unseen = {
  plays: text.slice(-20_000),
  cookbook: cookbook.slice(Math.ceil(cookbook.length * 0.9)) };
const measured: { model: string; text: string; loss: number }[] = [];
for (const [model, gpt] of [["before", poet], ["after", cook]] as const)
  for (const [name, piece] of Object.entries(unseen))
    measured.push({ model, text: name, loss: await gpt.measure(piece) });
const lossOf = (model: string, name: string) => measured
  .find((one) => one.model === model && one.text === name)!.loss;

display(Object.keys(unseen).map((name) => ({ text: name,
  before: lossOf("before", name).toFixed(2),
  after: lossOf("after", name).toFixed(2),
  floor: name === "cookbook" ? floor.toFixed(2) : "nobody knows" })));`),
    code(`
chart({
  title: { text: \`The cookbook falls from \` +
    \`\${lossOf("before", "cookbook").toFixed(2)} to \` +
    \`\${lossOf("after", "cookbook").toFixed(2)} nats, the plays rise from \` +
    \`\${lossOf("before", "plays").toFixed(2)} to \` +
    \`\${lossOf("after", "plays").toFixed(2)}\`,
    subtitle: "nats a character on text not learned from; " +
      "the stroke is the floor of the cookbook" },
  width: "container", height: 240,
  layer: [
    { data: { values: measured },
      mark: { type: "point", filled: true, size: 110 },
      encoding: {
        color: { field: "model", type: "nominal", title: "adapters",
          sort: ["before", "after"] },
        shape: { field: "model", type: "nominal", title: "adapters",
          sort: ["before", "after"] } } },
    { data: { values: [{ text: "cookbook", loss: floor }] },
      mark: { type: "tick", thickness: 2, size: 34 } }],
  encoding: {
    x: { field: "loss", type: "quantitative", title: "nats a character" },
    y: { field: "text", type: "nominal", title: "" } } })`),
    code(`
const beginning = "Soup of ";
const brief = 220;
for (const [name, gpt] of [["before", poet], ["after", cook]] as const) {
  const said = await gpt.sample(beginning, brief,
    { temperature: 0.6, seed: 5 });
  console.log(\`\${name.toUpperCase()}\\n\${said}\\n\`);
}`),
    text(`What still lies between the model and the floor can be read in the sample: it has every phrase of a cook, and forgets that a soup of carrots
begins with carrots. To copy a word said a while ago is what such a network learns last.

With the adapters on, it cooks, and has lost its verse. Nothing is lost in truth: \`poet\` is as it was, and the adapters are a tenth of its
size. One model, many adapters, each put on when it is wanted: that is how one machine serves many voices.

## Keep it
The file is one standard graph: 64 numbers of characters in, the scores of the next one after each of them out.`),
    code(`
// @cell register
const version = await models.register("small-shakespeare", {
  model: poet, run, metrics: { validation_loss: poet.validationLoss },
  description: "Characters after Shakespeare, three blocks of 96." });
version`),
    text(`## What to take from it
- A loss in **nats a character** can be compared between a table of counts, this network and any other model of the same alphabet. Always know
  the rungs below before praising the one you stand on.
- Measure on **both** texts. A tuned model that is only asked about its new task hides what it forgot.
- Here a character is a token. Larger models read pieces of words: \`llm.tokenizer\` learns them from a text, \`llm.fresh\` and \`llm.tune\`
  train a model of the Llama family on them, and \`llm.load\` opens one that somebody else has trained.`),
  ],
};
