// Ports for the processes of a test. Files run side by side, each in a place of its own, so that none finds free what another is about to take.
import { freePort as firstFree } from "#lib/kit/free-port.ts";

const [start, places, apart] = [10_000, 9, 1100];

export const freePort = (): Promise<number> => firstFree(start + (Number(process.env.VITEST_POOL_ID ?? 0) % places) * apart);
