// Language models as a cell uses them: through what it imports as "atelier".
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { llm } from "#lib/sdk/index.ts";

const text = readFileSync("drizzle/seed/data/tinyshakespeare.txt", "utf8").slice(0, 20_000);
const folder = mkdtempSync(join(tmpdir(), "atelier-llm-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}";

it("a model is made from a text, speaks, is saved in both kinds of file, tuned by adapters, and comes back as it was", async () => {
  const knowing = llm.tokenizer(text, { size: 320, template });
  const base = llm.fresh(knowing, { width: 32, layers: 2, heads: 2, context: 96 });
  const learnt = await llm.tune(base, text, { lora: null, maxLength: 32, batchSize: 8, steps: 30, rate: 0.01, threads: 1 });
  expect(learnt.history.at(-1)!.loss).toBeLessThan(0.9 * learnt.history[0]!.loss);
  const asked = { temperature: 0, length: 12 };
  const said = await learnt.llm.answer("ROMEO:", asked);
  expect(said.tokens).toBeGreaterThan(0);
  let streamed = "";
  for await (const piece of learnt.llm.stream("ROMEO:", asked)) streamed += piece;
  expect(streamed).toBe(said.text);

  await llm.save(join(folder, "play.gguf"), learnt.llm, "F32");
  await llm.save(join(folder, "play"), learnt.llm);
  for (const path of ["play.gguf", "play"]) {
    const back = await llm.load(join(folder, path));
    expect(await back.answer("ROMEO:", asked)).toEqual(said);
    expect(back.tokenizer.chat([{ role: "user", content: "Hi" }])).toBe("user: Hi\nassistant: ");
    await back.close();
  }

  const prompt = [{ role: "user", content: "Hi" }];
  const tuned = await llm.tune(learnt.llm, [{ prompt, completion: "Good day" }], { steps: 5, rate: 0.01, threads: 1 });
  await llm.saveAdapters(join(folder, "adapters"), tuned.llm);
  const again = await llm.load(join(folder, "play"), { adapters: join(folder, "adapters") });
  expect(await again.answer(prompt, asked)).toEqual(await tuned.llm.answer(prompt, asked));
  await expect(llm.saveAdapters(folder, learnt.llm)).rejects.toThrow("no adapters");

  const pairs = [{ prompt, chosen: "Good day", rejected: "Go away" }];
  const preferred = await llm.tunePreferences(learnt.llm, pairs, { steps: 2, threads: 1 });
  expect(preferred.history[0]!.loss).toBeCloseTo(Math.LN2, 4);
  const judge = await llm.tuneReward(learnt.llm, pairs, { steps: 10, rate: 0.01, threads: 1 });
  const [good, bad] = await judge.rate([
    { prompt, completion: "Good day" },
    { prompt, completion: "Go away" },
  ]);
  expect(good).toBeGreaterThan(bad!);
  for (const one of [base, learnt.llm, tuned.llm, again, preferred.llm]) await one.close();
});

it("a file that is no model is refused in words", async () => {
  await expect(llm.load("package.json")).rejects.toThrow("ENOTDIR");
  await expect(llm.load(join(folder, "nothing.gguf"))).rejects.toThrow("ENOENT");
});
