// Speaking to a Jupyter server of others by its REST. Every connection resolves the name itself and judges what it finds; redirects are
// not followed, answers are bounded, and no failure repeats the token.
import { lookup as resolveName } from "node:dns";
import { request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import type { LookupFunction } from "node:net";
import { env } from "#lib/kit/env.ts";
import { Problem } from "#lib/kit/problem.ts";
import { readAddress, refusalOfNumber } from "#lib/sessions/remote/address.ts";

export type Place = { name: string; url: string; token: string };

const patienceMs = 15_000;
const answerLimit = 4_000_000;

/** Resolves like Node does, and refuses when any number is one that may not be spoken to. */
export const guardedLookup: LookupFunction = (host, options, done) => {
  resolveName(host, { ...options, all: true }, (error, found) => {
    if (error) return done(error, "", 0);
    const words = found.map((one) => refusalOfNumber(one.address, env.allowsPrivateKernelServers)).find((one) => one !== null);
    if (words) return done(new Error(words), "", 0);
    if (options.all) return done(null, found);
    done(null, found[0]!.address, found[0]!.family);
  });
};

export const headersFor = ({ token }: Place): Record<string, string> => (token ? { authorization: `token ${token}` } : {});

/** The address of a path beneath the server's own, which may have one itself. */
export const under = (place: Place, path: string): URL => {
  const base = readAddress(place.url, env.allowsPrivateKernelServers);
  return new URL(base.pathname.replace(/\/+$/, "") + path, base);
};

const wordsFor = (name: string, error: NodeJS.ErrnoException): string => {
  if (error.code === "ECONNREFUSED") return `Nothing listens at the address of ${name}. Start the server, or correct the address.`;
  if (error.code === "ENOTFOUND" || error.code === "EAI_AGAIN") return `The name in the address of ${name} leads nowhere.`;
  return `${name} cannot be reached: ${error.message.slice(0, 300)}`;
};

const away = (words: string, cause?: unknown): Problem => new Problem("unavailable", "kernelServers.away", words, { cause });

type Answer = { status: number; body: unknown };

const exchange = (place: Place, method: string, path: string, body?: unknown): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const url = under(place, path);
    const send = url.protocol === "https:" ? requestSecure : requestPlain;
    const fail = (error: Error): void => reject(away(wordsFor(place.name, error)));
    const asked = send(
      url,
      {
        method,
        lookup: guardedLookup,
        headers: {
          ...headersFor(place),
          accept: "application/json",
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        signal: AbortSignal.timeout(patienceMs),
      },
      (answer) => {
        const parts: Buffer[] = [];
        let size = 0;
        answer.on("data", (part: Buffer) => {
          size += part.length;
          if (size > answerLimit) return answer.destroy(new Error("its answer is larger than 4 MB"));
          parts.push(part);
        });
        answer.on("error", fail);
        answer.on("end", () => {
          let read: unknown = null;
          try {
            read = JSON.parse(Buffer.concat(parts).toString("utf8"));
          } catch {}
          resolve({ status: answer.statusCode ?? 0, body: read });
        });
      },
    );
    asked.on("error", fail);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });

const ask = async (place: Place, method: string, path: string, body?: unknown): Promise<Answer> => {
  const answer = await exchange(place, method, path, body);
  if (answer.status === 401 || answer.status === 403)
    throw away(`${place.name} refuses the token. An owner can remove the server and add it again.`);
  if (answer.status >= 300 && answer.status < 400)
    throw away(
      `${place.name} sends elsewhere, most likely to its sign-in page: the token is missing or wrong, or the address is not the server's own.`,
    );
  if (answer.status >= 500) throw away(`${place.name} answered ${answer.status}.`);
  return answer;
};

export type Spec = { kernel: string; title: string; language: string };

/** The kernels a server offers. */
export const kernelsOf = async (place: Place): Promise<Spec[]> => {
  const { status, body } = await ask(place, "GET", "/api/kernelspecs");
  const specs = (body as { kernelspecs?: Record<string, { spec?: { display_name?: unknown; language?: unknown } }> } | null)?.kernelspecs;
  if (status !== 200 || typeof specs !== "object" || specs === null)
    throw away(`${place.name} does not answer like a Jupyter server. Its address is the one before /api, /lab or /tree.`);
  return Object.entries(specs)
    .slice(0, 200)
    .map(([kernel, { spec }]) => ({
      kernel: kernel.slice(0, 200),
      title: String(spec?.display_name ?? kernel).slice(0, 100),
      language: String(spec?.language ?? "")
        .toLowerCase()
        .slice(0, 40),
    }));
};

const kernelPath = (id: string): string => `/api/kernels/${encodeURIComponent(id)}`;

/** Starts a kernel there and answers its id. */
export const startKernel = async (place: Place, kernel: string): Promise<string> => {
  const { status, body } = await ask(place, "POST", "/api/kernels", { name: kernel });
  const id = (body as { id?: unknown } | null)?.id;
  if (status === 201 && typeof id === "string") return id;
  throw away(`${place.name} started no ${kernel}: ${String((body as { message?: unknown } | null)?.message ?? status).slice(0, 300)}`);
};

export const hasKernel = async (place: Place, id: string): Promise<boolean> => (await ask(place, "GET", kernelPath(id))).status === 200;
export const interruptAt = async (place: Place, id: string): Promise<void> =>
  void (await ask(place, "POST", `${kernelPath(id)}/interrupt`, {}));
export const restartAt = async (place: Place, id: string): Promise<void> =>
  void (await ask(place, "POST", `${kernelPath(id)}/restart`, {}));
export const removeAt = async (place: Place, id: string): Promise<void> => void (await ask(place, "DELETE", kernelPath(id)));
