// The load generator, a process of its own: so many keep-alive connections for so many seconds; answers requests a second and latencies.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import autocannon from "autocannon";

export type Wish = { url: string; headers: Record<string, string>; body: string; connections: number; seconds: number };
export type Load = { perSecond: number; p50: number; p99: number; errors: number };

const run = async (wish: Wish): Promise<Load> => {
  const result = await autocannon({
    url: wish.url,
    method: "POST",
    headers: wish.headers,
    body: wish.body,
    connections: wish.connections,
    duration: wish.seconds,
  });
  return {
    perSecond: result.requests.average,
    p50: result.latency.p50,
    p99: result.latency.p99,
    errors: result.errors + result.non2xx,
  };
};

if (process.argv[2] === "--child") {
  process.once("message", (wish: Wish) => {
    run(wish).then((load) => {
      process.send?.(load);
      process.disconnect();
    });
  });
}

/** Puts a load on a URL from another process. */
export const load = (wish: Wish): Promise<Load> =>
  new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), ["--child"], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    child.once("message", (answer) => resolve(answer as Load));
    child.once("exit", (code) => code && reject(new Error(`The load generator ended with ${code}.`)));
    child.send(wish);
  });
