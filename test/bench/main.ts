// `npm run bench [-- name …]`: measurements against named peers in the same run. Prints what it saw and asserts nothing; a number without
// its peer and the machine's load beside it means little, so both are printed first.

import { cpus, loadavg, totalmem } from "node:os";
import { arePagesBuilt, buildPages } from "#lib/boot/pages.ts";

export type Say = (line: string) => void;
type Bench = (say: Say) => Promise<void>;

const benches: Record<string, () => Promise<{ bench: Bench }>> = {
  gpt: () => import("#test/bench/gpt.ts"),
  kernel: () => import("#test/bench/kernel.ts"),
  product: () => import("#test/bench/product.ts"),
  serving: () => import("#test/bench/serving.ts"),
  networks: () => import("#test/bench/networks.ts"),
  llm: () => import("#test/bench/llm.ts"),
  tables: () => import("#test/bench/tables.ts"),
  auto: () => import("#test/bench/auto.ts"),
};

const wanted = process.argv.slice(2).filter((name) => !name.startsWith("-"));
const unknown = wanted.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(`There is no bench ${unknown.join(", ")}. Choose from ${Object.keys(benches).join(", ")}.\n`);
  process.exit(2);
}

const say: Say = (line) => void process.stdout.write(`${line}\n`);
const withPages = ["kernel", "product", "serving"];
if (!arePagesBuilt() && (wanted.length === 0 || wanted.some((name) => withPages.includes(name)))) await buildPages(say);
say(
  `${cpus().length} cores ${cpus()[0]?.model ?? ""}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}, load ${loadavg()
    .map((one) => one.toFixed(2))
    .join(" ")}`,
);
const all = Object.keys(benches).filter((name) => name !== "llm"); // networks says it too
for (const name of wanted.length > 0 ? wanted : all) {
  say(`\n${name}`);
  const { bench } = await benches[name]!();
  await bench(say).catch((error: unknown) => {
    say(`  stopped: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
}
process.exit();
