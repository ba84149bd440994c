// Our own LoRA step of a model over 4 × 128 tokens for `npm run bench -- llm`, in a process of its own, so that the memory it says is a step's and
// not what else was measured. Prints what peer.ts reads.
import { loadModel } from "#lib/learn/llm/model.ts";
import { tune } from "#lib/learn/llm/tune.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { median } from "#test/bench/figures.ts";
import { say } from "#test/bench/peer.ts";

const model = await loadModel(process.argv[2]!);
const random = mulberry32(1);
const examples = Array.from({ length: 4 }, () => ({
  tokens: Array.from({ length: 129 }, () => Math.floor(random() * model.shape.vocabulary)),
  from: 0,
}));
const at: number[] = [];
const { history } = await tune(model, examples, { steps: 6, batchSize: 4, onProgress: () => void at.push(performance.now()) });
say("ours", median(at.slice(2).map((one, i) => one - at[i + 1]!)), [history[0]!.loss, history.at(-1)!.loss]);
