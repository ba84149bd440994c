// A language model inside a session, as a cell has it: made, tuned with a rule and a curve under the cell, speaking, saved into the session's folder;
// and a file that is none is an error of the cell, not the end of the session.
import { afterAll, beforeAll, expect, it } from "vitest";
import { openClient, startGateway } from "#test/kit/kernel.ts";

let gateway: Awaited<ReturnType<typeof startGateway>>;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

it("a cell makes, tunes, asks and saves a language model; a hostile file is an error it survives", async () => {
  const kernel = await openClient(gateway, { memoryMb: 1024 });
  const made = await kernel.run(`
    import { llm } from "atelier";
    const text = "one two three four five six seven eight nine ten ".repeat(40);
    const base = llm.fresh(llm.tokenizer(text, { size: 320 }), { width: 32, layers: 1, heads: 2, context: 64 });
    const tuned = await llm.tune(base, text, { lora: null, maxLength: 16, batchSize: 8, steps: 60, rate: 0.01, threads: 1 });
    await llm.save("count.gguf", tuned.llm, "Q8_0");
    const back = await llm.load("count.gguf");
    (await back.answer("six seven eight nine ten one two three", { temperature: 0, length: 3 })).text`);
  expect(made.reply.status, JSON.stringify(made.reply)).toBe("ok");
  expect(made.text).toMatch(/^' four five/);
  const broken = await kernel.run(`
    const fs = await import("node:fs");
    fs.writeFileSync("bad.gguf", fs.readFileSync("count.gguf").subarray(0, 20_000));
    await llm.load("bad.gguf")`);
  expect(broken.reply.evalue).toMatch(/ends at byte \d+ but the GGUF file at 20000: it is truncated/);
  expect((await kernel.run("1 + 1")).text).toBe("2");
});
