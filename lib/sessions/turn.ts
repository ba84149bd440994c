// Waiting for a machine: asks for a place, says where in the queue one stands, and answers when it is one's turn.
import type { DeviceFound } from "#lib/devices/contract.ts";
import { ask, type Standing, standing, type Wish } from "#lib/devices/leases.ts";
import { log } from "#lib/kit/log.ts";

const lookMs = 400;

export type Turn = { device: DeviceFound | null };
type Listening = { told: (sentence: string) => void; isOver: () => boolean };

/** The turn when it is there already, else null: then `takeTurn` waits. Throws in words what no machine could ever give. */
export const askTurn = async (wish: Wish): Promise<Turn | null> => {
  const now = await ask(wish);
  return now.state === "held" ? { device: now.device } : null;
};

/** Waits for the turn; null when the ask was given up meanwhile. `told` hears each new sentence about the place once. */
export const takeTurn = async (session: string, { told, isOver }: Listening): Promise<Turn | null> => {
  let last = "";
  while (!isOver()) {
    const now: Standing | null = await standing(session).catch((error: unknown) => {
      log.warn("a session's place could not be looked up", { session, error: String(error) });
      return { state: "waiting", place: 0, of: 0, sentence: last } as const;
    });
    if (!now || now.state === "ended") return null;
    if (now.state === "held") return { device: now.device };
    if (now.sentence !== last) told(now.sentence);
    last = now.sentence;
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  return null;
};
