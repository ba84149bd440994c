// A process that is ready before anybody asks: taken by a kernel of the same limits, replaced by a fresh one, never shared.
import { afterAll, beforeAll, expect, it } from "vitest";
import { openClient, startGateway } from "#test/kit/kernel.ts";

let gateway: Awaited<ReturnType<typeof startGateway>>;
beforeAll(async () => {
  gateway = await startGateway({ spares: 1 });
});
afterAll(() => gateway.stop());

const pidOf = async (kernel: Awaited<ReturnType<typeof openClient>>) =>
  ((await (await kernel.request("", "GET")).json()) as { atelier: { pid: number } }).atelier.pid;

it("kernels made one after the other get processes of their own, in folders of their own, and a restart gives the same folder", async () => {
  const first = await openClient(gateway);
  await first.run("var mine = 1; const fs = await import('node:fs'); fs.writeFileSync('mine.txt', 'first')");
  const second = await openClient(gateway);
  expect((await second.run("typeof mine")).text).toBe("'undefined'");
  expect((await second.run("(await import('node:fs')).existsSync('mine.txt')")).text).toBe("false");
  expect(await pidOf(first)).not.toBe(await pidOf(second));
  await first.request("/restart");
  expect((await first.run("(await import('node:fs')).readFileSync('mine.txt', 'utf8') + typeof mine")).text).toBe("'firstundefined'");
});
it("a kernel with other limits does not take it", async () => {
  const small = await openClient(gateway, { memoryMb: 300 });
  const { reply } = await small.run("const all = []; for (;;) all.push(new Float64Array(4_000_000).fill(1))");
  expect(reply.evalue).toMatch(/memory passed 300 MB/);
});
