// The character GPT on a text of 1.1 million characters: 4 layers, 4 heads, 128 wide, context 64, batches of 12, 2,000 steps, as nanoGPT gives
// for a CPU (published validation loss 1.88 nats). ATELIER_BENCH_TEXT names the text; a checkpoint beside it is gone on from.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { trainGpt } from "#lib/learn/networks/gpt.ts";
import type { Say } from "#test/bench/main.ts";

const text = process.env.ATELIER_BENCH_TEXT ?? "drizzle/seed/data/tinyshakespeare.txt";
const checkpoint = join(tmpdir(), "atelier-bench-gpt.safetensors");

/** Trains, says the validation loss of the whole last tenth, minutes, and a sample. */
export const bench = async (say: Say): Promise<void> => {
  const startedAt = performance.now();
  const resume = existsSync(checkpoint) ? readFileSync(checkpoint) : undefined;
  if (resume) say(`  goes on from ${checkpoint}`);
  const made = await trainGpt(readFileSync(text, "utf8"), {
    threads: 2,
    validateEvery: 500,
    resume,
    onCheckpoint: (bytes) => {
      writeFileSync(`${checkpoint}.new`, bytes);
      renameSync(`${checkpoint}.new`, checkpoint);
    },
    onProgress: ({ step, loss, validationLoss, examplesPerSecond }) => {
      if (validationLoss !== null || step % 100 === 0)
        say(
          `  step ${step}: loss ${loss.toFixed(3)}${validationLoss === null ? "" : `, validation ${validationLoss.toFixed(4)}`}, ${Math.round(64 * examplesPerSecond)} characters a second`,
        );
    },
  });
  rmSync(checkpoint);
  const minutes = (performance.now() - startedAt) / 60_000;
  say(`  validation ${made.validationLoss.toFixed(4)} nats (goal ≤ 1.90; published 1.88) in ${minutes.toFixed(1)} minutes`);
  say((await made.sample("\nROMEO:", 300)).replaceAll(/^/gm, "    "));
};
