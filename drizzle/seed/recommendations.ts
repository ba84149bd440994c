// The notebook "Recommendations": synthetic events with a long tail, three recommenders, and what one customer would see.
import { code, type SeedNotebook, text } from "#drizzle/seed/notebook.ts";

export const recommendations: SeedNotebook = {
  key: "recommendations",
  title: "Recommendations",
  smaller: { "users: 1500, items: 400": "users: 400, items: 150" },
  cells: [
    text(`# What would they like next?
Fifteen hundred people take items from a shelf of four hundred, over sixty days. The events are **synthetic**, made from a seed: tastes are
hidden factors, a few items are taken by nearly everybody, and items come into fashion and go. The question is the usual one: does knowing
a person beat knowing what is popular?`),
    code(`
import { chart, learn, models, runs } from "atelier";

const events = learn.itemEvents({ users: 1500, items: 400, days: 60, drift: 0.3, seed: 3 });
const [users, items] = [events.user as string[], events.item as string[]];
const days = events.day as Float64Array;
const counts = new Map<string, number>();
for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
const ranked = [...counts.values()].sort((a, b) => b - a);
const tenth = Math.round(ranked.length / 10);
const head = ranked.slice(0, tenth).reduce((a, b) => a + b, 0) / items.length;

chart.line(ranked.map((taken, i) => ({ rank: i + 1, taken })), "rank", "taken", {
  title: \`A tenth of the items gets \${Math.round(100 * head)} % of \${items.length.toLocaleString("en")} events\`,
  sentence: "how often each item was taken, the most popular first",
  x: "rank of the item", y: "times taken" })`),
    text(`## Learn from the past, judge by what came after
The last ten days are the verdict. Splitting at random would let a model see the fashion of tomorrow. **All unseen items** are ranked:
against a handful of sampled ones every recommender looks clever.`),
    code(`
const all = Array.from(users.keys());
const past = learn.takeRows(events, all.filter((i) => days[i] < 50));
const later = learn.takeRows(events, all.filter((i) => days[i] >= 50));
console.log(\`\${learn.rowCount(past).toLocaleString("en")} events to learn from, \` +
  \`\${learn.rowCount(later).toLocaleString("en")} to judge by\`);`),
    code(`
const columns = { user: "user", item: "item" };
const judged = async (name: string, estimator: ReturnType<typeof learn.popularItems>) => {
  const run = await runs.start({ experiment: "Recommendations", name, params: estimator.params });
  const model = await estimator.fit(past, columns);
  const found = model.evaluate(later, 10);
  const metrics = { recall_10: found["recall@10"], ndcg_10: found["ndcg@10"], hit_rate_10: found["hitRate@10"] };
  run.metrics(metrics);
  await run.end();
  console.log(name.padEnd(16), \`recall@10 \${metrics.recall_10.toFixed(3)}\`,
    \` NDCG@10 \${metrics.ndcg_10.toFixed(3)}\`, \` hit rate@10 \${metrics.hit_rate_10.toFixed(3)}\`);
  return { name, model, metrics, run };
};
const popular = await judged("popularity", learn.popularItems());
const near = await judged("item neighbours", learn.itemNeighbours({ k: 60, shrink: 10 }));
const als = await judged("ALS",
  learn.alternatingLeastSquares({ factors: 16, alpha: 4, l2: 5, rounds: 12 }));`),
    code(`
const three = [popular, near, als];
const best = three.reduce((a, b) => (b.metrics.ndcg_10 > a.metrics.ndcg_10 ? b : a));
const gain = best.metrics.ndcg_10 / popular.metrics.ndcg_10 - 1;

chart.bar(three.map(({ name, metrics }) => ({ name, ndcg: metrics.ndcg_10 })), "name", "ndcg", {
  title: best === popular ? "Popularity is not beaten here" :
    \`\${best.name} ranks \${Math.round(100 * gain)} % better than popularity\`,
  sentence: "NDCG@10 over all unseen items, mean of the people of the last ten days", x: "", y: "NDCG@10" })`),
    text(`A mean hides whom it is made of. People with a long history give a model more to go by; someone new gets what is popular, whatever
the model.`),
    code(`
const seen = new Map<string, number>();
for (const user of past.user as string[]) seen.set(user, (seen.get(user) ?? 0) + 1);
const bands = [["up to 12", 0, 13], ["13 to 24", 13, 25], ["25 and more", 25, Infinity]] as const;
const byHistory = bands.flatMap(([band, from, to]) => {
  const rows = Array.from((later.user as string[]).keys()).filter((i) => {
    const n = seen.get((later.user as string[])[i]) ?? 0;
    return n >= from && n < to;
  });
  const some = learn.takeRows(later, rows);
  return three.map(({ name, model }) => ({ name, band, recall: model.evaluate(some, 10)["recall@10"] }));
});

chart({
  title: { text: "Who is served better", subtitle: "recall@10 by how many items somebody had taken before" },
  width: "container", height: 200, data: { values: byHistory }, mark: "bar",
  encoding: {
    x: { field: "band", type: "nominal", sort: null, title: "items taken before", axis: { labelAngle: 0 } },
    xOffset: { field: "name", sort: null },
    y: { field: "recall", type: "quantitative", title: "recall@10" },
    color: { field: "name", type: "nominal", sort: null, title: "" } } })`),
    text(`## What one customer would see
Numbers persuade; a list convinces. Here is one person with a middling history: what they took last, what each model would show, and (●)
what they really took afterwards.`),
    code(`
const person = [...seen].filter(([user, n]) => n >= 15 && n <= 25 &&
  (later.user as string[]).filter((one) => one === user).length >= 4).sort()[0][0];
const took = (table: typeof past) =>
  (table.item as string[]).filter((_, i) => (table.user as string[])[i] === person);
const afterwards = new Set(took(later));
console.log(\`\${person} took last: \${took(past).slice(-6).join(", ")}\`);
for (const { name, model } of three)
  console.log(name.padEnd(16), model.predict([person])[0].slice(0, 8)
    .map(({ item }) => item.replace("item-", "") + (afterwards.has(item) ? " ●" : "  ")).join("  "));
console.log("a stranger".padEnd(16), best.model.predict(["nobody we know"])[0].slice(0, 8)
  .map(({ item }) => item.replace("item-", "") + "  ").join("  "));`),
    text(`## How far the shelf reaches
A recommender that only names bestsellers leaves the shelf in the dark. Coverage is the share of items that anybody is shown at all.`),
    code(`
const people = [...seen.keys()];
for (const { name, model } of three) {
  const shown = new Set(model.predict(people).flatMap((list) => list.map(({ item }) => item)));
  console.log(name.padEnd(16), \`\${shown.size} of \${counts.size} items shown to somebody\`);
}`),
    code(`
const version = await models.register("next-item", {
  model: best.model, run: best.run, metrics: best.metrics,
  description: "Ten items for a user. Learned from synthetic events." });
version`),
    text(`## What to take from it
- Popularity is the bar to clear, and strangers always get it. Show it beside every model.
- The file that was registered takes a name and answers items with scores: no feature store, no second system to keep in step.
- Look at coverage with accuracy: two models of equal recall may show very different shelves.
- Fashion moves. A model of day 50 ages; promote the cells above to a nightly pipeline rather than trusting it for long.`),
  ],
};
