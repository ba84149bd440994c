// `npm test`: every test with Vitest, then one line that counts them. The pages are built first when their build is missing, because the
// stories and screens drive the product as it ships.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { arePagesBuilt, buildPages } from "#lib/boot/pages.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const wanted = process.argv.slice(2);
const needsPages = wanted.length === 0 || wanted.some((name) => /stories|screens/.test(name));
if (needsPages && !arePagesBuilt()) await buildPages((sentence) => process.stdout.write(`${sentence}\n`));

const folder = mkdtempSync(join(tmpdir(), "atelier-results-"));
const report = join(folder, "results.json");
const { status } = spawnSync(
  process.execPath,
  [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    "--config",
    join(root, "test/vitest.config.ts"),
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...wanted,
  ],
  { cwd: root, stdio: "inherit" },
);

type Results = {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numFailedTestSuites: number;
  testResults: { status: string; assertionResults: unknown[] }[];
};
try {
  const results = JSON.parse(readFileSync(report, "utf8")) as Results;
  const brokenFiles = results.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
  process.stdout.write(
    `\n${results.numPassedTests} passed, ${results.numFailedTests + brokenFiles} failed, ${results.numPendingTests} skipped\n`,
  );
} catch {
  process.stdout.write("\n0 passed, 1 failed\n");
}
rmSync(folder, { recursive: true, force: true });
process.exit(status ?? 1);
