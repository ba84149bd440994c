// The kernel over ZeroMQ beside ipykernel, Deno and tslab where they are, each started by its own command and asked the same way; then
// ours through the gateway, in a process of its own, cold and from the one kept ready, beside a stock Jupyter Server. Times are a client's: from sending to idle with the
// reply in hand.
import { fork, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { treeUsage } from "#kernel/sandbox/usage.ts";
import { line, median, ms, quantile } from "#test/bench/figures.ts";
import { benchLanguage } from "#test/bench/language.ts";
import type { Say } from "#test/bench/main.ts";
import { openSocket, type Talk, talkOver } from "#test/kit/jupyter.ts";
import { freePort } from "#test/kit/ports.ts";
import { pythonWith } from "#test/kit/python.ts";
import { installSpec, openZmq, startSpec } from "#test/kit/zmq.ts";

const executions = 200;
const starts = 3;

type Peer = { name: string; argv: string[]; loop: string };

const peers = (ours: string[]): Peer[] => {
  const python = pythonWith("ipykernel");
  const javascript = "for (let i = 0; i < 20000; i++) console.log(i)";
  return [
    { name: "Atelier", argv: ours, loop: javascript },
    ...(python
      ? [
          {
            name: "ipykernel",
            argv: [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            loop: "for i in range(20000): print(i)",
          },
        ]
      : []),
    { name: "Deno", argv: ["deno", "jupyter", "--kernel", "--conn", "{connection_file}"], loop: javascript },
    { name: "tslab", argv: ["tslab", "kernel", "--config-path={connection_file}"], loop: javascript },
  ];
};

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const at = performance.now();
  await work();
  return performance.now() - at;
};

const round = async (talk: Talk): Promise<number[]> => {
  const took: number[] = [];
  for (let i = 0; i < executions; i++) took.push(await timed(() => talk.run("1+1")));
  return took;
};

/** Asks until the broadcast is heard too: a subscription takes a moment, and not every kernel says when it holds. */
const firstAnswer = async (talk: Talk): Promise<void> => {
  const isHeard = (): boolean =>
    talk.heard.some(
      ({ channel, msg }) => channel === "iopub" && msg.content.execution_state === "idle" && msg.parent_header.session === talk.session,
    );
  for (let tries = 0; !isHeard() && tries < 500; tries++) {
    talk.send("kernel_info_request", {});
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await talk.run("1");
};

/** Starts a peer several times, then asks it; says why when it does not come up. */
const benchPeer = async (say: Say, peer: Peer): Promise<void> => {
  const ready: number[] = [];
  for (let start = 1; start <= starts; start++) {
    const at = performance.now();
    const started = await startSpec(peer.argv);
    const failed = new Promise<never>((_, reject) => {
      started.child.once("error", () => reject(new Error("not here")));
      started.child.once("exit", () => reject(new Error("ended")));
    });
    const wire = openZmq(started.connection);
    try {
      const talk = talkOver(wire);
      await Promise.race([firstAnswer(talk), failed]);
      ready.push(performance.now() - at);
      if (start < starts) continue;
      const idleMb = treeUsage(started.child.pid!).rssMb;
      const took = await round(talk);
      const printed = await timed(() => talk.run(peer.loop));
      say(line(`${peer.name}: start to first answer`, ms(median(ready)), `median of ${starts}`));
      say(line(`${peer.name}: 1+1 direct p50`, ms(quantile(took, 0.5)), `p95 ${ms(quantile(took, 0.95))}, ${executions} times`));
      say(line(`${peer.name}: 20,000 lines`, ms(printed)));
      say(line(`${peer.name}: memory of an idle session`, `${Math.round(idleMb)} MB`, "resident, all its processes"));
    } catch (error) {
      return say(line(peer.name, "skipped", error instanceof Error ? error.message : String(error)));
    } finally {
      failed.catch(() => {});
      wire.close();
      started.stop();
    }
  }
};

const benchGateway = async (say: Say): Promise<void> => {
  const home = mkdtempSync(join(tmpdir(), "atelier-bench-"));
  const [port, secret] = [await freePort(), randomUUID()];
  const url = `http://127.0.0.1:${port}`;
  const env = { ...process.env, ATELIER_HOME: home, ATELIER_KERNEL_PORT: String(port), ATELIER_INTERNAL_SECRET: secret };
  const child = fork(fileURLToPath(new URL("../../kernel/main.ts", import.meta.url)), { env, stdio: "ignore" });
  const headers = { authorization: `token ${secret}` };
  const open = async (limits?: object): Promise<{ talk: Talk; id: string }> => {
    const body = JSON.stringify(limits ? { atelier: { limits } } : {});
    const { id } = (await (await fetch(`${url}/api/kernels`, { method: "POST", headers, body })).json()) as { id: string };
    const talk = talkOver(await openSocket(url, id, { headers }));
    await talk.run("1");
    return { talk, id };
  };
  try {
    while (!(await fetch(`${url}/health`).catch(() => null))?.ok) await new Promise((resolve) => setTimeout(resolve, 20));
    await open();
    const cold: number[] = [];
    const warm: number[] = [];
    for (let i = 0; i < starts; i++) {
      cold.push(await timed(() => open({ processes: 511 }))); // other limits: not the one kept ready
      await new Promise((resolve) => setTimeout(resolve, 3000)); // until the next one is ready
      warm.push(await timed(() => open()));
    }
    const { talk, id } = await open();
    const took = await round(talk);
    const { atelier } = (await (await fetch(`${url}/api/kernels/${id}`, { headers })).json()) as { atelier: { rssMb: number } };
    say(line("gateway: new session to first answer, cold", ms(median(cold))));
    say(line("gateway: new session to first answer, kept ready", ms(median(warm))));
    say(line("gateway: 1+1 p50", ms(quantile(took, 0.5)), `p95 ${ms(quantile(took, 0.95))}`));
    say(line("gateway: memory of a session", `${atelier.rssMb} MB`, "resident, with its sandbox, after 200 runs"));
  } finally {
    child.kill("SIGTERM");
    rmSync(home, { recursive: true, force: true });
  }
};

/** A stock Jupyter Server with its own ipykernel, asked over the same REST and WebSocket as ours. */
const benchJupyterServer = async (say: Say): Promise<void> => {
  const python = pythonWith("jupyter_server", "ipykernel");
  if (!python) return say(line("Jupyter Server", "skipped", "not here: pip install jupyter_server ipykernel"));
  const home = mkdtempSync(join(tmpdir(), "atelier-bench-"));
  const [port, token] = [await freePort(), randomUUID()];
  const flags = [`--port=${port}`, `--IdentityProvider.token=${token}`, "--no-browser", "--allow-root", `--ServerApp.root_dir=${home}`];
  const env = { ...process.env, JUPYTER_CONFIG_DIR: home, JUPYTER_RUNTIME_DIR: home };
  const child = spawn(python, ["-m", "jupyter_server", ...flags], { env, stdio: "ignore" });
  const url = `http://127.0.0.1:${port}`;
  const headers = { authorization: `token ${token}` };
  try {
    for (let tries = 0; !(await fetch(`${url}/api/status`, { headers }).catch(() => null))?.ok; tries++) {
      if (tries > 600) throw new Error("it did not come up within a minute");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const ready: number[] = [];
    let talk: Talk | null = null;
    for (let start = 1; start <= starts; start++) {
      const at = performance.now();
      const { id } = (await (await fetch(`${url}/api/kernels`, { method: "POST", headers, body: "{}" })).json()) as { id: string };
      talk = talkOver(await openSocket(url, id, { headers }));
      await talk.run("1");
      ready.push(performance.now() - at);
    }
    const took = await round(talk!);
    say(line("Jupyter Server: new session to first answer", ms(median(ready)), `ipykernel, median of ${starts}`));
    say(line("Jupyter Server: 1+1 p50", ms(quantile(took, 0.5)), `p95 ${ms(quantile(took, 0.95))}`));
  } catch (error) {
    say(line("Jupyter Server", "skipped", error instanceof Error ? error.message : String(error)));
  } finally {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 8000))]);
    child.kill("SIGKILL");
    rmSync(home, { recursive: true, force: true });
  }
};

export const bench = async (say: Say): Promise<void> => {
  const spec = installSpec();
  try {
    for (const peer of peers(spec.argv)) await benchPeer(say, peer);
    await benchGateway(say);
    await benchJupyterServer(say);
    await benchLanguage(say);
  } finally {
    spec.remove();
  }
};
