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
// @cell events
import { chart, learn, models, runs } from "atelier";

const events = learn.itemEvents({
  users: 1500, items: 400, days: 60, drift: 0.3, seed: 3 });
const usersOf = (table: typeof events) => table.user as string[];
const itemsOf = (table: typeof events) => table.item as string[];
const countsOf = (names: string[]) => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
};
const counts = countsOf(itemsOf(events));`),
    code(`
const ranked = [...counts.values()].sort((a, b) => b - a);
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
const total = sum(ranked);
const head = sum(ranked.slice(0, Math.round(ranked.length / 10))) / total;

chart.line(ranked.map((taken, i) => ({ rank: i + 1, taken })),
  "rank", "taken", {
    title: \`A tenth of the items gets \${Math.round(100 * head)} % \` +
      \`of \${total.toLocaleString("en")} events\`,
    sentence: "how often each item was taken, the most popular first",
    x: "rank of the item", y: "times taken" })`),
    text(`## Learn from the past, judge by what came after
The last ten days are the verdict. Splitting at random would let a model see the fashion of tomorrow. **All unseen items** are ranked:
against a handful of sampled ones every recommender looks clever.`),
    code(`
// @cell split
const days = events.day as Float64Array;
const rowsOf = (isIn: (day: number) => boolean) =>
  Array.from(days.keys()).filter((i) => isIn(days[i]));
const past = learn.takeRows(events, rowsOf((day) => day < 50));
const later = learn.takeRows(events, rowsOf((day) => day >= 50));
const [before, after] = [past, later]
  .map((table) => learn.rowCount(table).toLocaleString("en"));
console.log(\`\${before} events to learn from, \${after} to judge by\`);`),
    text(`## Three recommenders
*Popularity* knows nobody. *Item neighbours* look for what goes together with what a person took. *ALS* finds hidden factors of people and
items. Each is a run, so its numbers stay.`),
    code(`
// @cell recommenders
const recommenders = {
  popularity: learn.popularItems(),
  "item neighbours": learn.itemNeighbours({ k: 60, shrink: 10 }),
  ALS: learn.alternatingLeastSquares({
    factors: 16, alpha: 4, l2: 5, rounds: 12 }) };

const judge = async (name: keyof typeof recommenders) => {
  const estimator = recommenders[name];
  const run = await runs.start({
    experiment: "Recommendations", name, params: estimator.params });
  const model = await estimator.fit(past, { user: "user", item: "item" });
  const found = model.evaluate(later, 10);
  const metrics = { recall_10: found["recall@10"],
    ndcg_10: found["ndcg@10"], hit_rate_10: found["hitRate@10"] };
  run.metrics(metrics);
  await run.end();
  return { name, model, run, metrics };
};
const tried = [await judge("popularity"), await judge("item neighbours"),
  await judge("ALS")];
const three = (value: number) => value.toFixed(3);
display(tried.map(({ name, metrics }) => ({ name,
  "recall@10": three(metrics.recall_10),
  "NDCG@10": three(metrics.ndcg_10),
  "hit rate@10": three(metrics.hit_rate_10) })));`),
    code(`
const popular = tried[0];
const best = tried.reduce((a, b) =>
  b.metrics.ndcg_10 > a.metrics.ndcg_10 ? b : a);
const gain = best.metrics.ndcg_10 / popular.metrics.ndcg_10 - 1;

chart.bar(
  tried.map(({ name, metrics }) => ({ name, ndcg: metrics.ndcg_10 })),
  "name", "ndcg", {
    title: best === popular ? "Popularity is not beaten here"
      : \`\${best.name}: \${Math.round(100 * gain)} % above popularity\`,
    sentence: "NDCG@10 over all unseen items, mean of the people who " +
      "took something in the last ten days",
    x: "", y: "NDCG@10" })`),
    text(`A mean hides whom it is made of. People with a long history give a model more to go by; someone new gets what is popular, whatever
the model.`),
    code(`
const history = countsOf(usersOf(past));
const bands = [["up to 12", 0, 12], ["13 to 24", 13, 24],
  ["25 and more", 25, Infinity]] as const;
const byHistory = bands.flatMap(([band, from, to]) => {
  const rows = usersOf(later).flatMap((user, i) => {
    const taken = history.get(user) ?? 0;
    return taken >= from && taken <= to ? [i] : [];
  });
  const some = learn.takeRows(later, rows);
  return tried.map(({ name, model }) =>
    ({ name, band, recall: model.evaluate(some, 10)["recall@10"] }));
});

chart({
  title: { text: "Who is served better",
    subtitle: "recall@10, by how many items somebody had taken before" },
  width: "container", height: 220, data: { values: byHistory },
  mark: "bar",
  encoding: {
    x: { field: "band", type: "nominal", sort: null,
      title: "items taken before", axis: { labelAngle: 0 } },
    xOffset: { field: "name", sort: null },
    y: { field: "recall", type: "quantitative", title: "recall@10" },
    color: { field: "name", type: "nominal", sort: null, title: "" } } })`),
    text(`## What one customer would see
Numbers persuade; a list convinces. Here is one person with a middling history: what each model would show, and (●) what they really took
afterwards. A stranger gets the popular items.`),
    code(`
const laterCounts = countsOf(usersOf(later));
const [person] = [...history.keys()].sort().filter((user) => {
  const [taken, more] = [history.get(user)!, laterCounts.get(user) ?? 0];
  return taken >= 15 && taken <= 25 && more >= 4;
});
const takenBy = (table: typeof events) =>
  itemsOf(table).filter((_, i) => usersOf(table)[i] === person);
const afterwards = new Set(takenBy(later));
const number = (item: string) => item.replace("item-", "");
const listOf = (model: typeof best.model, user: string) =>
  model.predict([user])[0].slice(0, 8).map(({ item }) => item);

console.log(\`\${person} took last: \` +
  takenBy(past).slice(-6).map(number).join(", "));
display([
  ...tried.map(({ name, model }) => ({ by: name,
    shown: listOf(model, person).map((item) =>
      number(item) + (afterwards.has(item) ? " ●" : "")).join(", ") })),
  { by: "a stranger would see",
    shown: listOf(best.model, "nobody we know").map(number).join(", ") }]);`),
    text(`## How far the shelf reaches
A recommender that only names bestsellers leaves the shelf in the dark. Coverage is the share of items that anybody is shown at all.`),
    code(`
const people = [...history.keys()];
const coverage = tried.map(({ name, model }) => {
  const lists = model.predict(people);
  const shown = new Set(lists.flatMap((list) =>
    list.map(({ item }) => item)));
  return { name, share: shown.size / counts.size };
});

chart.bar(coverage, "name", "share", {
  title: coverage.map(({ name, share }) =>
    \`\${name} \${Math.round(100 * share)} %\`).join(", "),
  sentence: "share of all items that somebody is shown in a list of ten",
  x: "", y: "items shown" })`),
    text(`## Keep the best
The file takes a name and answers ten items with scores: no feature store, no second system to keep in step. Promote the cells *events*,
*split*, *recommenders* and *register* to a nightly pipeline, since a model of day 50 ages with the fashion.`),
    code(`
// @cell register
const leading = tried.reduce((a, b) =>
  b.metrics.ndcg_10 > a.metrics.ndcg_10 ? b : a);
const version = await models.register("next-item", {
  model: leading.model, run: leading.run, metrics: leading.metrics,
  description: "Ten items for a user. Learned from synthetic events." });
version`),
    text(`## What to take from it
- Popularity is the bar to clear, and strangers always get it. Show it beside every model.
- Split by time. A random split promises what tomorrow does not keep.
- Look at coverage with accuracy: two models of equal recall may show very different shelves.`),
  ],
};
