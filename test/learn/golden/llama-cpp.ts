// Writes llama-cpp.json: what llama.cpp (node-llama-cpp 3.22.1, CPU build) says of the tiny network that test/learn/llm/speech.ts writes as a float32
// GGUF file. ATELIER_PEERS=<folder> node test/learn/golden/llama-cpp.ts
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logProbabilitiesOf, openLlamaCpp, wordsWithout } from "#test/kit/llama-cpp.ts";
import { someTokens, writeTiny } from "#test/learn/llm/speech.ts";

const llama = await openLlamaCpp();
if (!llama) throw new Error(wordsWithout);
const folder = mkdtempSync(join(tmpdir(), "atelier-llama-"));
const path = join(folder, "tiny.gguf");
await writeTiny(path);
const found = await logProbabilitiesOf(llama, path, someTokens, 288);
rmSync(folder, { recursive: true });
const kept = [0, 11, 29].map((at) => ({ at, logProbabilities: Array.from(found[at]!, (one) => Number(one.toPrecision(7))) }));
writeFileSync("test/learn/golden/llama-cpp.json", JSON.stringify({ versions: { "node-llama-cpp": "3.22.1" }, kept }));
process.exit(0);
