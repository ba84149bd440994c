// One Vitest project for every size of test. Files run in their own processes because several start real servers; two at a time, as
// many as the smallest machine we promise to build on has cores. The limits are for what never ends: a busy machine is not a failure, so
// they are far above any wait inside a test.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const isAsked = (folder: string): boolean => process.argv.some((one) => one.includes(folder));
const root = fileURLToPath(new URL("..", import.meta.url));

export default defineConfig({
  root,
  test: {
    include: ["test/**/*.test.ts"],
    exclude: isAsked("test/device") ? [] : ["test/device/**"], // minutes and gigabytes each: only when asked for
    globalSetup: ["test/kit/setup.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 150_000,
    hookTimeout: 240_000,
  },
});
