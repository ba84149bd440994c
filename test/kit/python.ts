// A Python with Jupyter's own packages, for the tests that run real clients against us: the one named by ATELIER_TEST_PYTHON, the one the
// check script prepares in the cache, or whichever is on PATH. Without one those tests are skipped, with a word.
import { execFile, execFileSync } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";

const candidates = (): string[] => [
  ...(process.env.ATELIER_TEST_PYTHON ? [process.env.ATELIER_TEST_PYTHON] : []),
  join(homedir(), ".cache/atelier-python/bin/python"),
  "python3",
  "python",
];

/** A Python that has all these modules, or null. */
export const pythonWith = (...modules: string[]): string | null => {
  for (const python of candidates()) {
    try {
      execFileSync(python, ["-c", modules.map((one) => `import ${one}`).join(";")], { stdio: "ignore", timeout: 30_000 });
      return python;
    } catch {}
  }
  return null;
};

/** Runs a script; answers what it printed and its exit code. */
export const runPython = (
  python: string,
  script: string,
  env: Record<string, string> = {},
  limitMs = 180_000,
): Promise<{ code: number; output: string }> =>
  new Promise((resolve) => {
    execFile(
      python,
      ["-c", script],
      { env: { ...process.env, ...env }, timeout: limitMs, maxBuffer: 20_000_000 },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) || 1 : 0, output: `${stdout}${stderr}` }),
    );
  });
