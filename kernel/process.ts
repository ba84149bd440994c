// The operating-system side of a session: starting its process in the sandbox, reading its lines, watching its memory, knowing why it
// ended. Knows nothing of Jupyter.
import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { entryOf } from "#kernel/plain.js";
import type { Policy } from "#kernel/sandbox/policy.ts";
import { type Card, cageFor } from "#kernel/sandbox/sandbox.ts";
import { endTree, folderMb, killedForMemory, treeUsage } from "#kernel/sandbox/usage.ts";
import type { News, Order } from "#kernel/session/messages.ts";

export type Fault = "yours" | "limits" | "ours";
/** `mustEmpty`: the work folder is over its limit and is emptied before the next start. */
export type End = { fault: Fault; sentence: string; mustEmpty?: boolean };
export type SessionProcess = {
  say: (order: Order) => void;
  pause: () => void;
  resume: () => void;
  /** Ends it at once for a stated reason. */
  kill: (why?: End) => void;
  rssMb: () => number;
  pid: number | undefined;
  isSandboxed: boolean;
};

const lineLimitBytes = 64_000_000;

const lines = (stream: NodeJS.ReadableStream, hear: (line: string) => void, tooLong: () => void): void => {
  let rest: Buffer[] = [];
  let size = 0;
  stream.on("data", (part: Buffer) => {
    let from = 0;
    for (let at = part.indexOf(10); at >= 0; at = part.indexOf(10, from)) {
      hear(Buffer.concat([...rest, part.subarray(from, at)]).toString("utf8"));
      rest = [];
      size = 0;
      from = at + 1;
    }
    if (from < part.length) rest.push(part.subarray(from));
    size += part.length - from;
    if (size > lineLimitBytes) tooLong();
  });
};

const kept = "Variables are gone, outputs are kept.";

/** `isMemory`: whether the system ended processes for memory at that time, or may have. */
const whyEnded = (code: number | null, signal: string | null, words: string, isMemory: boolean, policy: Policy): End => {
  if (/heap out of memory|Allocation failed|bad_alloc/i.test(words)) return memoryEnd(policy.memoryMb);
  if (signal === "SIGXCPU" || code === 128 + 24) return cpuEnd(policy.cpuSeconds);
  if ((signal === "SIGKILL" || code === 137) && !isMemory)
    return { fault: "ours", sentence: `The session was killed from outside. ${kept} Run the cells again.` };
  if (signal === "SIGKILL" || code === 137)
    return {
      fault: "limits",
      sentence: `The session was ended by the system, most likely for memory. ${kept} Run the cells again.`,
    };
  return {
    fault: "yours",
    sentence: `The session crashed (${signal ?? `code ${code}`}). ${kept} Run the cells again.`,
  };
};

const cpuEnd = (seconds: number): End => ({
  fault: "limits",
  sentence: `The session ended: it used ${seconds} seconds of processor time, which is its limit. ${kept} Compute less at once, or raise the limit.`,
});

const processesEnd = (most: number): End => ({
  fault: "limits",
  sentence: `The session ended: it started more than ${most} processes. ${kept} Start fewer, and wait for them to end.`,
});

const diskEnd = (mb: number): End => ({
  mustEmpty: true,
  fault: "limits",
  sentence: `The session ended: its work folder passed ${mb} MB, and was emptied. ${kept} Put large files into a data set, or raise the limit.`,
});

const exitEnd = (code: number): End => ({
  fault: "yours",
  sentence: `The code ended the session with exit code ${code}. Variables are gone, outputs are kept. Leave out process.exit() and run the cells again.`,
});

export const memoryEnd = (memoryMb: number): End => ({
  fault: "limits",
  sentence: `The session ended: memory passed ${memoryMb} MB. Variables are gone, outputs are kept. Use less at once, or raise the limit, and run the cells again.`,
});

export type Gauge = "memory" | "disk";
/** `near` is told once a gauge when four fifths of it are used. */
export type Sample = { pid: number; rssMb: number; cpuSeconds: number };
/** `used` is told four times a second what the session uses. */
export type Listeners = {
  news: (news: News) => void;
  end: (end: End) => void;
  near: (gauge: Gauge, mb: number, ofMb: number) => void;
  used: (sample: Sample) => void;
};

const watchMs = 250;
const diskEvery = 4;
const nearShare = 0.8;

/** Looks at what a session uses until it is stopped; `over` is called with the reason to end it. */
const watchUsage = (
  pid: number,
  session: { workDir: string; policy: Policy; isPrivate: boolean },
  hear: { near: Listeners["near"]; over: (why: End) => void; used: Listeners["used"] },
): (() => void) => {
  const { policy } = session;
  const told = new Set<Gauge>();
  let round = 0;
  let isMeasuring = false;
  const near = (gauge: Gauge, mb: number, ofMb: number): void => {
    if (mb < ofMb * nearShare || told.has(gauge)) return;
    told.add(gauge);
    hear.near(gauge, mb, ofMb);
  };
  const measureDisk = async (): Promise<void> => {
    isMeasuring = true;
    const mb = await folderMb(session.workDir);
    isMeasuring = false;
    if (mb > policy.diskMb) hear.over(diskEnd(policy.diskMb));
    else near("disk", mb, policy.diskMb);
  };
  const timer = setInterval(() => {
    const { rssMb, cpuSeconds, processes } = treeUsage(pid);
    hear.used({ pid, rssMb, cpuSeconds });
    if (rssMb > policy.memoryMb) return hear.over(memoryEnd(policy.memoryMb));
    if (processes > policy.processes) return hear.over(processesEnd(policy.processes));
    near("memory", rssMb, policy.memoryMb);
    if (session.isPrivate && ++round % diskEvery === 0 && !isMeasuring) void measureDisk();
  }, watchMs);
  return () => clearInterval(timer);
};

/** Starts a session process; `end` is called exactly once, when the process is gone. */
export const startSession = (
  session: { workDir: string; doorDir: string; packagesDir: string; policy: Policy; isPrivate: boolean; card?: Card | null },
  hear: Listeners,
): SessionProcess => {
  const cage = cageFor(session, entryOf("kernel/session/main"));
  const child: ChildProcess = spawn(cage.command, cage.args, {
    cwd: session.workDir,
    env: cage.environment as NodeJS.ProcessEnv,
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
  });
  let reason: End | null = null;
  let words = "";
  let rssMb = 0;
  // Two looks back, because the look before the end may already have come after the kill.
  let kills = [killedForMemory(), killedForMemory()];
  const isMemory = (): boolean => {
    const [before, now] = [kills[0], killedForMemory()];
    return before == null || now === null || now > before || rssMb > session.policy.memoryMb * nearShare;
  };
  child.stdout!.resume();
  child.stderr!.on("data", (part: Buffer) => (words = (words + part.toString("utf8")).slice(-4000)));
  const [input, output] = [child.stdio[3] as Duplex, child.stdio[4] as Duplex];
  input.on("error", () => {});
  const kill = (why?: End): void => {
    reason ??= why ?? null;
    if (child.pid && child.exitCode === null && child.signalCode === null) endTree(child.pid);
    child.kill("SIGKILL");
  };
  lines(
    output,
    (line) => {
      try {
        const news = JSON.parse(line) as News;
        if (news.type === "exit") reason ??= exitEnd(news.code);
        else hear.news(news);
      } catch {} // a line that is no JSON can only come from hostile code writing to the pipe itself
    },
    () =>
      kill({
        fault: "limits",
        sentence: "One output was larger than 64 MB. Variables are gone, outputs are kept. Write large results to a file or a data set.",
      }),
  );
  const stopWatch = watchUsage(child.pid ?? 0, session, {
    near: hear.near,
    over: kill,
    used: (sample) => {
      rssMb = sample.rssMb;
      kills = [kills[1]!, killedForMemory()];
      hear.used(sample);
    },
  });
  let isOver = false;
  const over = (code: number | null, signal: string | null): void => {
    if (isOver) return;
    isOver = true;
    stopWatch();
    hear.end(reason ?? whyEnded(code, signal, words, isMemory(), session.policy));
  };
  child.once("error", (error) => {
    reason ??= { fault: "ours", sentence: `The session could not start: ${error.message}.` };
    over(null, null);
  });
  child.once("close", over);
  return {
    say: (order) => void input.write(`${JSON.stringify(order)}\n`),
    pause: () => void output.pause(),
    resume: () => void output.resume(),
    kill,
    rssMb: () => rssMb,
    pid: child.pid,
    isSandboxed: cage.isSandboxed,
  };
};
