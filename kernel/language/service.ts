// The gateway's side of the language process: started at the first question, started again when it dies, ended when it hangs or outgrows
// its memory. Whoever waited when it died hears that their state is gone, as from a process that never had it, and sends everything anew;
// only the question it hung on is refused.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Question, Reply } from "#kernel/language/messages.ts";
import { treeUsage } from "#kernel/sandbox/usage.ts";
import { log } from "#lib/kit/log.ts";

const script = fileURLToPath(new URL("./main.ts", import.meta.url));
const memoryMb = 1024;
/** The first question of a process parses all types; the others are a matter of milliseconds, and a type that never ends is cut off. What
 * counts is the processor's time where the system tells it: a busy machine is not a question that never ends. */
const firstAnswerMs = 60_000;
const answerMs = 10_000;
/** On a machine so busy that it gets a fraction of a core only, a question still ends after so many times its limit. */
const mostPatience = 6;
/** A notebook whose question never ended is not asked about for so long, so that it cannot hold up all the others again and again. */
const barredMs = 60_000;
const mostWaiting = 200;
/** After so many deaths in a row without one answer it rests: whatever kills it would kill the next one too. */
const mostDeaths = 3;
const restMs = 15_000;

type Waiting = { notebook: string; resolve: (reply: Reply) => void; reject: (error: Error) => void; isHung: boolean };

/** The process is gone or overburdened; the sentence is for a person. */
export class LanguageAway extends Error {}

const tooLong = (): LanguageAway =>
  new LanguageAway("This took too long to work out. Simplify the types of the cell; it is tried again in a minute.");

export type LanguageService = ReturnType<typeof openLanguageService>;

/** Opens the door; no process runs yet. */
export const openLanguageService = (limits: { answerMs?: number; memoryMb?: number } = {}) => {
  let child: ChildProcess | null = null;
  let hasAnswered = false;
  let timer: NodeJS.Timeout | null = null;
  let asked = 0;
  let deaths = 0;
  let restsUntil = 0;
  let isClosed = false;
  const waiting = new Map<number, Waiting>();
  const barred = new Map<string, number>();

  /** The oldest question is the one the process works on. */
  const endHung = (): void => {
    log.warn("the language process hangs, ending it");
    const [oldest] = waiting.values();
    if (oldest) {
      oldest.isHung = true;
      barred.set(oldest.notebook, Date.now() + barredMs);
    }
    child?.kill("SIGKILL");
  };
  const watch = (): void => {
    if (timer) clearTimeout(timer);
    timer = null;
    if (waiting.size === 0) return child?.channel?.unref();
    child?.channel?.ref();
    const limitMs = hasAnswered ? (limits.answerMs ?? answerMs) : firstAnswerMs;
    const until = Date.now() + limitMs * mostPatience;
    const before = child?.pid ? treeUsage(child.pid).cpuSeconds : 0;
    const look = (): void => {
      const workedMs = child?.pid ? (treeUsage(child.pid).cpuSeconds - before) * 1000 : 0;
      const leftMs = before > 0 ? Math.min(limitMs - workedMs, until - Date.now()) : 0;
      if (leftMs > 0) {
        timer = setTimeout(look, Math.max(leftMs, 100));
        timer.unref();
      } else endHung();
    };
    timer = setTimeout(look, limitMs);
    timer.unref();
  };

  const settle = (message: { id: number; reply?: Reply; failure?: string }): void => {
    const one = waiting.get(message.id);
    hasAnswered = true;
    deaths = 0;
    waiting.delete(message.id);
    watch();
    if (message.reply) one?.resolve(message.reply);
    else one?.reject(new Error(message.failure ?? "no answer"));
  };

  const died = (gone: ChildProcess, code: number | null, signal: string | null): void => {
    if (child !== gone) return;
    child = null;
    hasAnswered = false;
    deaths += 1;
    if (deaths >= mostDeaths) {
      deaths = 0;
      restsUntil = Date.now() + restMs;
    }
    if (!isClosed) log.warn("the language process ended", { code, signal });
    const left = [...waiting.values()];
    waiting.clear();
    for (const one of left) {
      if (one.isHung) one.reject(tooLong());
      else if (isClosed) one.reject(new LanguageAway("The language service ends."));
      else one.resolve({ isStale: true });
    }
    watch();
  };

  const start = (): ChildProcess => {
    const made = fork(script, {
      execArgv: ["--disable-warning=ExperimentalWarning", "--expose-gc", `--max-old-space-size=${limits.memoryMb ?? memoryMb}`],
      env: { PATH: "/usr/bin:/bin", LANG: "C.UTF-8", NODE_ENV: "production" },
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      serialization: "advanced",
    });
    made.on("message", (message) => settle(message as Parameters<typeof settle>[0]));
    made.once("error", () => died(made, null, null));
    made.once("exit", (code, signal) => died(made, code, signal));
    made.unref();
    made.channel?.unref();
    child = made;
    return made;
  };

  return {
    /** Asks; `isStale` means: send everything. */
    ask: (question: Question): Promise<Reply> => {
      if (isClosed || waiting.size >= mostWaiting)
        return Promise.reject(new LanguageAway("The language service has too much to do at this moment. Ask again."));
      if (restsUntil > Date.now())
        return Promise.reject(new LanguageAway("The language service ended several times in a row and rests a moment."));
      if ((barred.get(question.notebook) ?? 0) > Date.now()) return Promise.reject(tooLong());
      barred.delete(question.notebook);
      const to = child ?? start();
      return new Promise((resolve, reject) => {
        const id = ++asked;
        waiting.set(id, { notebook: question.notebook, resolve, reject, isHung: false });
        if (waiting.size === 1) watch();
        to.send({ id, question }, () => {});
      });
    },
    pid: (): number | null => child?.pid ?? null,
    close: (): void => {
      isClosed = true;
      if (timer) clearTimeout(timer);
      child?.kill("SIGKILL");
    },
  };
};
