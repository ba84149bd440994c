// A session that is ready at once: a process started before anybody asked, in its own folder and with its own door, both empty until a
// kernel takes it. The next one starts a moment later, so that it does not compete with the first cell.

import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type Door, openDoor } from "#kernel/door.ts";
import { openShelf, type Shelf } from "#kernel/packages/shelf.ts";
import { type Listeners, type SessionProcess, startSession } from "#kernel/process.ts";
import { type Policy, policyFor } from "#kernel/sandbox/policy.ts";
import { canSandbox, workFolderFor } from "#kernel/sandbox/sandbox.ts";
import type { News } from "#kernel/session/messages.ts";

export type Berth = { workDir: string; door: Door; shelf: Shelf };
export type Spare = Berth & {
  /** Hands the process over; what it said so far is heard again. */
  adopt: (listeners: Listeners) => SessionProcess;
};

const refillMs = 700;

/** A folder, a door and a shelf of packages for a session; the folder may be the caller's own. */
export const makeBerth = async (id: string, own?: string): Promise<Berth> => {
  const workDir = own ?? workFolderFor(id);
  mkdirSync(workDir, { recursive: true, mode: 0o777 });
  const shelf = openShelf(own ? mkdtempSync(join(tmpdir(), "atelier-packages-")) : `${workDir}.packages`, canSandbox());
  return { workDir, door: await openDoor(), shelf };
};

type Waiting = { spare: Spare; isAlive: () => boolean; isReady: () => boolean; discard: () => void };

const start = async (policy: Policy): Promise<Waiting> => {
  const berth = await makeBerth(`spare-${randomUUID()}`);
  const early: News[] = [];
  let listeners: Listeners | null = null;
  let isAlive = true;
  const process = startSession(
    { workDir: berth.workDir, doorDir: berth.door.folder, packagesDir: berth.shelf.folder, policy, isPrivate: true },
    {
      news: (news) => (listeners ? listeners.news(news) : void early.push(news)),
      near: (...all) => listeners?.near(...all),
      used: (sample) => listeners?.used(sample),
      end: (end) => {
        isAlive = false;
        listeners?.end(end);
      },
    },
  );
  return {
    isAlive: () => isAlive,
    isReady: () => early.some((one) => one.type === "ready"),
    spare: {
      ...berth,
      adopt: (to) => {
        listeners = to;
        queueMicrotask(() => {
          for (const news of early.splice(0)) to.news(news);
        });
        return process;
      },
    },
    discard: () => {
      process.kill();
      berth.door.close();
      berth.shelf.close();
      rmSync(berth.workDir, { recursive: true, force: true });
    },
  };
};

/** Keeps so many processes ready; 0 keeps none. */
export const openSpares = (count: number) => {
  const policy = policyFor();
  const waiting: Waiting[] = [];
  let starting = 0;
  let isClosed = false;

  const refill = (): void => {
    while (!isClosed && waiting.length + starting < count) {
      starting += 1;
      void start(policy).then(
        (one) => {
          starting -= 1;
          if (isClosed) one.discard();
          else waiting.push(one);
        },
        () => {
          starting -= 1;
        },
      );
    }
  };
  refill();

  return {
    /** A ready process of these limits, or null. */
    take: (wanted: Policy): Spare | null => {
      if (!isDeepStrictEqual(wanted, policy)) return null;
      for (let at = 0; at < waiting.length; ) {
        const one = waiting[at]!;
        if (one.isAlive() && !one.isReady()) at += 1;
        else {
          waiting.splice(at, 1);
          setTimeout(refill, refillMs).unref();
          if (one.isAlive()) return one.spare;
          one.discard();
        }
      }
      return null;
    },
    close: (): void => {
      isClosed = true;
      for (const one of waiting.splice(0)) one.discard();
    },
  };
};
