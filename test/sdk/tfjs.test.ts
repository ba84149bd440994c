// `devices.tfjs()` in a real session: which build is taken, what is said of the others, and that a build that aborts takes nobody with it. The
// builds here are small stand-ins laid into the session's folder; the real ones are too large to be installed for every run.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openClient, startGateway } from "#test/kit/kernel.ts";

let gateway: Awaited<ReturnType<typeof startGateway>>;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

const adds = (backend: string): string =>
  `let chosen = ""; module.exports = { setBackend: async (name) => { if (name !== "${backend}") throw new Error("there is no backend " + name); chosen = name; }, ready: async () => {}, getBackend: () => chosen, tensor: (all) => ({ sum: () => ({ dataSync: () => [all.reduce((a, b) => a + b)] }) }) };`;

/** A session in a folder with these packages. */
const withPackages = async (packages: Record<string, string>) => {
  const folder = mkdtempSync(join(tmpdir(), "atelier-tfjs-"));
  for (const [name, text] of Object.entries(packages)) {
    const at = join(folder, "node_modules", name);
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, "package.json"), JSON.stringify({ name, version: "4.22.0", main: "index.js" }));
    writeFileSync(join(at, "index.js"), text);
  }
  const client = await openClient(gateway, { workDir: folder });
  const { text, reply } = await client.run(
    "import { devices } from 'atelier'; const { tf, build, backend, refused } = await devices.tfjs(); JSON.stringify({ build, backend, refused, worth: tf.tensor([1, 2, 3]).sum().dataSync()[0] })",
  );
  await client.request("", "DELETE");
  rmSync(folder, { recursive: true, force: true });
  if (reply.status !== "ok") throw new Error(reply.evalue);
  return JSON.parse(text!.slice(1, -1)) as { build: string; backend: string; refused: { build: string; why: string }[]; worth: number };
};

describe("devices.tfjs", () => {
  it("says of every build why it is not there, and what to install", async () => {
    await expect(withPackages({})).rejects.toThrow(
      /No build of TensorFlow\.js loads here\.\n@tensorflow\/tfjs-node-gpu: .* is not installed\.[\s\S]*npm install --no-save @tensorflow\/tfjs @tensorflow\/tfjs-backend-wasm/,
    );
  });
  it("takes the GPU build where it works, before all others", async () => {
    const found = await withPackages({ "@tensorflow/tfjs-node-gpu": adds("tensorflow"), "@tensorflow/tfjs-node": adds("tensorflow") });
    expect(found).toEqual({ build: "@tensorflow/tfjs-node-gpu", backend: "tensorflow", refused: [], worth: 6 });
  });
  it("goes on to the next when one aborts its process or cannot find its library, and the session lives", async () => {
    const found = await withPackages({
      "@tensorflow/tfjs-node-gpu": "process.abort();",
      "@tensorflow/tfjs-node": "throw new Error('libtensorflow.so.2: cannot open shared object file');",
      "@tensorflow/tfjs": adds("wasm"),
      "@tensorflow/tfjs-backend-wasm": "module.exports = {};",
    });
    expect(found).toMatchObject({ build: "@tensorflow/tfjs-backend-wasm", backend: "wasm", worth: 6 });
    expect(found.refused.map((one) => one.why)).toEqual([
      expect.stringMatching(/does not load here \((SIGABRT|code 134)\)/),
      expect.stringMatching(/libtensorflow\.so\.2: cannot open/),
    ]);
  });
});
