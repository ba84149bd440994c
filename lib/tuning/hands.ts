// The worker's side of one hand: a session, the line to it, and one queue through which everything that happens to its course passes. What
// happened is stored under the lease before the kernel may forget it, and the session goes on while a worker is dead: trials are asked and told
// by the session itself. A session that is lost takes only the trials it was in with it; they are tried again, here in the next session.
import { ask, standing } from "#lib/devices/leases.ts";
import { now } from "#lib/kit/clock.ts";
import { env } from "#lib/kit/env.ts";
import { keepLease, leaseEnd, leaseOwner } from "#lib/kit/job.ts";
import { log } from "#lib/kit/log.ts";
import { isProblem } from "#lib/kit/problem.ts";
import { reading, systemIn, within } from "#lib/kit/verb.ts";
import { clearKernel, createKernel, deleteKernel, findKernel, type Line, openLine } from "#lib/sessions/kernel-client.ts";
import { locks } from "#lib/sessions/packages/store.ts";
import type { Told } from "#lib/sessions/rules.ts";
import { wishOf } from "#lib/sessions/store.ts";
import { takeTurn } from "#lib/sessions/turn.ts";
import { tuningEvents } from "#lib/tuning/contract.ts";
import { executionId, type HandCourse, hear, lose, ownerOf, type Piece, piecesOf, type Work } from "#lib/tuning/hand-course.ts";
import * as hands from "#lib/tuning/hand-store.ts";
import { loseSilent, loseTrials } from "#lib/tuning/losses.ts";
import * as store from "#lib/tuning/store.ts";
import type { Role } from "#lib/workspace/contract.ts";
import { mintSessionToken } from "#lib/workspace/installation.ts";

export type Claimed = NonNullable<Awaited<ReturnType<typeof hands.claimHand>>>;
type Session = { hand: hands.HandRow; work: Work; pieces: Piece[]; owner: string };

const gatherMs = 200;
const gatewayPatienceMs = 120_000;
const tokenLifeMs = 3 * 86_400_000;
/** Sessions lost before the first trial ended that are too many. */
const lossLimit = 3;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const kernelIdOf = ({ id, attempt }: hands.HandRow): string => `${id}-${attempt}`;

const inHand = <T>({ workspaceId }: hands.HandRow, work: Parameters<typeof within<T>>[2]): Promise<T> =>
  within(systemIn(workspaceId), workspaceId, work);

/** Stores what became of a hand and tells; null when it is another worker's. */
const save = (hand: hands.HandRow, change: Partial<hands.HandRow>, isNews = true): Promise<hands.HandRow | null> =>
  inHand(hand, async (scope) => {
    const row = await hands.updateHand(scope, hand.id, leaseOwner, change);
    if (row && isNews) scope.emit(tuningEvents.hands, hand.studyId);
    return row;
  });

/** The hand's session: found again when it was made before, else placed and made. */
const reach = async ({ hand, work }: Session, isOver: () => boolean, told: (sentence: string) => void): Promise<"here" | "lost"> => {
  const session = kernelIdOf(hand);
  if (hand.hasKernel) return (await findKernel(session)) ? "here" : "lost";
  const { cpus, memoryMb, gpu } = await wishOf(reading(), work.notebookId);
  const account = { workspaceId: hand.workspaceId, notebookId: work.notebookId, userId: work.userId ?? "", person: work.startedBy };
  const held = await ask({ session, ...account, userId: work.userId, cpus, memoryMb, gpu });
  const turn = held.state === "held" ? held : await takeTurn(session, { isOver, told });
  if (!turn) return "lost";
  const device = turn.device ? { device: turn.device.id } : {};
  const packages = await locks({ sql: reading(), workspaceId: hand.workspaceId }, [work.packages]);
  await createKernel({ kernelId: session, token: "", memoryMb: Math.max(memoryMb, env.sessionMemoryMb), account, packages, ...device });
  return "here";
};

const patiently = async (session: Session, isOver: () => boolean, told: (sentence: string) => void): Promise<"here" | "lost"> => {
  const until = Date.now() + gatewayPatienceMs;
  for (;;) {
    try {
      return await reach(session, isOver, told);
    } catch (error) {
      if (isOver() || Date.now() > until || (isProblem(error) && error.kind !== "unavailable")) throw error;
      await pause(500);
    }
  }
};

/** Runs one session of a hand from where it stands to its end; null when the hand is left to another worker. */
const runSession = async (session: Session, left: AbortSignal): Promise<HandCourse | null> => {
  const { work, pieces, owner } = session;
  let hand = session.hand;
  let course: HandCourse = { piece: hand.piece, sentence: hand.sentence, ending: null };
  let heard = hand.journalSeq;
  let sent = -1;
  let line: Line | null = null;
  let queue: Promise<void> = Promise.resolve();
  let gathered: Told[] = [];
  let settle: (course: HandCourse | null) => void = () => {};
  const settled = new Promise<HandCourse | null>((resolve) => (settle = resolve));
  left.addEventListener("abort", () => settle(null), { once: true });

  const mint = () =>
    mintSessionToken({
      workspaceId: hand.workspaceId,
      userId: work.userId,
      role: work.role as Role,
      kind: "stage",
      name: work.startedBy,
      lifeMs: tokenLifeMs,
    });
  let token: ReturnType<typeof mint> | null = null;

  const send = async (isAgain = false): Promise<void> => {
    const piece = pieces[course.piece];
    if (!piece || course.ending || (sent === course.piece && !isAgain)) return;
    sent = course.piece;
    token ??= mint();
    const { cellId, hash } = piece.cell;
    line?.execute({
      id: executionId(owner, course.piece),
      code: piece.code,
      cell: { cellId, cellHash: hash, notebookId: work.notebookId, revision: work.notebookRevision },
      token: (await token).secret,
      packages: work.packages,
      payer: { userId: work.userId, person: work.startedBy },
    });
  };

  /** Stores the next course before anything follows from it; an unreachable database is waited for. */
  const commit = async (next: HandCourse, seq: number): Promise<void> => {
    const isNews = next.sentence !== course.sentence || next.piece !== course.piece;
    for (;;) {
      try {
        const row = await save(hand, { piece: next.piece, sentence: next.sentence, journalSeq: seq }, isNews);
        if (!row) return settle(null);
        hand = row;
        break;
      } catch (error) {
        if (left.aborted) return;
        log.warn("what a session of a study said could not be stored, trying again", { hand: hand.id, error });
        await pause(500);
      }
    }
    course = next;
    line?.ack(seq);
    if (course.ending) settle(course);
    else await send();
  };

  const apply = (change: (from: HandCourse) => HandCourse, seq?: number): void => {
    queue = queue
      .then(async () => {
        if (course.ending || left.aborted) return;
        const next = change(course);
        if (next !== course || seq !== undefined) await commit(next, seq ?? hand.journalSeq);
      })
      .catch((error: unknown) => log.warn("a step of a study's session failed", { hand: hand.id, error }));
  };
  const drain = (): void => {
    const batch = gathered;
    gathered = [];
    apply((from) => batch.reduce((at, told) => hear(at, told, pieces, owner), from), batch.at(-1)!.seq);
  };
  const lost = (): void => apply(lose);

  const reached = await patiently(
    session,
    () => left.aborted,
    (sentence) => apply((from) => ({ ...from, sentence })),
  );
  if (left.aborted) return null;
  if (reached === "lost") return lose(course);
  hand = (await save(hand, { hasKernel: true })) ?? hand;
  line = openLine(kernelIdOf(hand), {
    after: () => heard,
    hear: (told) => {
      if (told.seq <= heard) return;
      heard = told.seq;
      if (gathered.push(told) === 1) setTimeout(drain, gatherMs);
    },
    opened: () => void send(true).catch((error: unknown) => log.warn("a cell could not be sent", { hand: hand.id, error })),
    gone: lost,
    isLost: async () => (await standing(kernelIdOf(hand)))?.state === "ended",
  });
  return settled.finally(() => line?.close());
};

/** What follows from the end of a session: the hand has ended, or goes on in the next session. Answers the hand while it goes on. */
const conclude = (hand: hands.HandRow, { ending }: HandCourse): Promise<hands.HandRow | null> =>
  inHand(hand, async (scope) => {
    const study = await store.findStudy(scope, hand.studyId, { lock: true });
    if (!study || !ending) return null;
    const owner = ownerOf(hand.id, hand.attempt);
    const own = (await store.trialsOf(scope, hand.studyId)).filter((one) => one.owner === owner && one.state === "running");
    const isTooLarge = ending.state === "lost" && ending.isTooLarge;
    const message = ending.state === "done" ? "Its session ended." : ending.sentence;
    await loseTrials(scope, hand.studyId, own, { state: isTooLarge ? "failed" : "lost", fault: isTooLarge ? "limits" : "ours", message });
    await store.updateStudy(scope, hand.studyId, { changedAt: scope.now });
    scope.emit(tuningEvents.changed, hand.studyId);
    scope.emit(tuningEvents.hands, hand.studyId);
    const isHopeless = ending.state === "lost" && hand.attempt >= lossLimit + (await hands.endedBy(scope, hand));
    if (ending.state === "lost" && !isHopeless) {
      const next = { attempt: hand.attempt + 1, hasKernel: false, piece: 0, journalSeq: 0, sentence: "Begins again in a new session." };
      return hands.updateHand(scope, hand.id, leaseOwner, next);
    }
    const sentence = isHopeless ? `${hand.attempt} sessions were lost. The last: ${message}` : message;
    const status = ending.state === "done" ? "done" : "failed";
    await hands.updateHand(scope, hand.id, leaseOwner, { status, sentence, endedAt: scope.now });
    await scope.audit(`tuning.hand_${status}`, hand.studyId, { hand: hand.id });
    return null;
  });

/** Ends every session a hand had. */
export const tidy = async (hand: hands.HandRow): Promise<void> => {
  for (let attempt = 1; attempt <= hand.attempt; attempt++) await clearKernel(kernelIdOf({ ...hand, attempt }));
  await hands.markTidied(hand.id);
};

/** Works a claimed hand to its end, or until `stop` (the worker goes) or the lease is lost; then the next worker goes on. */
export const workHand = async ({ row, study }: Claimed, stop: AbortSignal): Promise<void> => {
  const held = new AbortController();
  const leave = (): void => held.abort();
  stop.addEventListener("abort", leave, { once: true });
  const lease = keepLease(() => hands.renewHand(row.id, leaseOwner, leaseEnd()), leave);
  const work = study.work as Work;
  let last = row;
  try {
    for (let hand: hands.HandRow | null = row; hand && !held.signal.aborted; ) {
      last = hand;
      const owner = ownerOf(hand.id, hand.attempt);
      const session: Session = { hand, work, owner, pieces: piecesOf(work, study.name, owner) };
      const course = await runSession(session, held.signal).catch((error: unknown): HandCourse => {
        log.warn("a session of a study could not be run", { hand: row.id, error });
        const sentence = isProblem(error) ? error.message : "The kernel service does not answer.";
        return { piece: 0, sentence, ending: { state: "failed", sentence } };
      });
      if (!course || held.signal.aborted) return;
      hand = await conclude(hand, course);
      if (hand) await deleteKernel(kernelIdOf(last)).catch(() => undefined); // a lost one is gone already
    }
    if (!held.signal.aborted) await tidy(last);
  } finally {
    lease.stop();
    stop.removeEventListener("abort", leave);
    if (stop.aborted) await hands.releaseHand(row.id, leaseOwner).catch(() => undefined); // else the lease runs out
  }
};

/** Tidies after workers that were killed between the end of a hand and that of its session. */
export const sweepHands = async (): Promise<void> => {
  for (const hand of await hands.untidied())
    await tidy(hand).catch((error: unknown) =>
      log.warn("a study's session could not be ended, another try follows", { hand: hand.id, error }),
    );
};

/** Finds trials whose session fell silent where nobody asks any more. */
export const sweepSilent = async (): Promise<void> => {
  for (const { id, workspaceId } of await hands.silentStudies(now()))
    await within(systemIn(workspaceId), workspaceId, async (scope) => {
      if (!(await store.findStudy(scope, id, { lock: true }))) return;
      if ((await loseSilent(scope, id, await store.trialsOf(scope, id))) > 0) scope.emit(tuningEvents.changed, id);
    });
};
