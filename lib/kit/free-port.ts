// Ports for processes that are about to start. They are found below the range the system itself hands out (from 32768 on Linux): a port of
// that range may be somebody's outgoing connection a moment after it was found free.
import { createServer } from "node:net";

const [lowest, count] = [1024, 65_536 - 1024];
const given = new Set<number>();

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer().once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });

/** The first port, from a number on, that nobody listens on and that was not given in this process before. */
export const freePort = async (from: number): Promise<number> => {
  for (let step = 0; step < count; step++) {
    const port = lowest + ((from - lowest + step) % count);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error("No port of this machine is free.");
};

/** Where an installation looks for ports of its inner services: by its own port, so that two of them look in different places. */
export const innerPorts = (port: number): number => 20_000 + ((port * 8) % 12_000);
