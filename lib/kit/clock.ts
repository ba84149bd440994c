// Time is asked for here and nowhere else in services, so that tests can stand it still.
const shared = globalThis as { atelierClock?: () => number };

/** Now, from the machine or from the still clock of a test. */
export const now = (): Date => new Date(shared.atelierClock ? shared.atelierClock() : Date.now());

/** Replaces the clock of this process; pass nothing to give it back. */
export const setClock = (clock?: () => number): void => {
  shared.atelierClock = clock;
};
