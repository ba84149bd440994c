// One Vitest project for every size of test. Files run in their own processes because several start real servers; two at a time, as
// many as the smallest machine we promise to build on has cores.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: ["test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    globalSetup: ["test/kit/setup.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
