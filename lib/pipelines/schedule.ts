// When a pipeline is due. Cron arithmetic is croner's; the clock is passed in. In a night whose clock jumps forward a fixed time that does
// not exist runs right after the jump, and in a night that has it twice it runs once.
import { Cron } from "croner";
import { Problem } from "#lib/kit/problem.ts";
import type { Schedule, ShownSchedule } from "#lib/pipelines/contract.ts";

const cronOf = ({ cron, timeZone }: Schedule): Cron => new Cron(cron, { timezone: timeZone, mode: "5-part", paused: true });

const refuse = (field: string, message: string, cause: unknown): Problem =>
  new Problem("invalid", `pipelines.${field}`, `${field}: ${message}`, {
    cause,
    detail: { fields: [{ field: `schedule.${field}`, message }] },
  });

/** The next time strictly after a moment; throws the refusal that names cron or time zone when they say nothing. */
export const nextTime = (schedule: Schedule, after: Date): Date => {
  try {
    new Intl.DateTimeFormat("en", { timeZone: schedule.timeZone });
  } catch (cause) {
    throw refuse("timeZone", `There is no time zone ${schedule.timeZone}. Use an IANA name such as Europe/Madrid.`, cause);
  }
  let next: Date | null;
  try {
    next = cronOf(schedule).nextRun(after);
  } catch (cause) {
    throw refuse(
      "cron",
      "Five fields are needed: minute, hour, day of month, month, day of week. 30 2 * * * is every day at 02:30.",
      cause,
    );
  }
  if (!next) throw refuse("cron", "This time never comes. Choose a day that exists.", null);
  return next;
};

/** The next times after a moment, at most `count`. */
export const nextTimes = (schedule: Schedule, after: Date, count: number): Date[] => {
  const times = [nextTime(schedule, after)];
  while (times.length < count) times.push(nextTime(schedule, times.at(-1)!));
  return times;
};

/** P2: of all due times from `due` to `at`, the most recent one, and the next after `at`. */
export const dueTime = (schedule: Schedule, due: Date, at: Date): { scheduledFor: Date; next: Date } => {
  const [last] = cronOf(schedule).previousRuns(1, new Date(at.getTime() + 1));
  const scheduledFor = last && last > due && last <= at ? last : due;
  return { scheduledFor, next: nextTime(schedule, at) };
};

const two = (n: number): string => String(n).padStart(2, "0");
const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const isNumber = (field: string): boolean => /^\d+$/.test(field);

const dayWords = (dayOfMonth: string, dayOfWeek: string, hour: number): string | null => {
  if (dayOfMonth === "*" && dayOfWeek === "*") return hour < 6 || hour >= 20 ? "Every night" : "Every day";
  if (dayOfMonth === "*" && /^(1-5|mon-fri)$/i.test(dayOfWeek)) return "Weekdays";
  if (dayOfMonth === "*" && isNumber(dayOfWeek)) return `Every ${days[Number(dayOfWeek)]}`;
  if (isNumber(dayOfMonth) && dayOfWeek === "*") return `Day ${dayOfMonth} of every month`;
  return null;
};

const frequency = (minute: string, hour: string): string | null => {
  const every = /^\*\/(\d+)$/.exec(minute)?.[1];
  if (hour === "*" && minute === "*") return "Every minute";
  if (hour === "*" && every) return `Every ${every} minutes`;
  if (hour === "*" && isNumber(minute)) return `Every hour at ${two(Number(minute))}`;
  const everyHour = /^\*\/(\d+)$/.exec(hour)?.[1];
  return everyHour && isNumber(minute) ? `Every ${everyHour} hours at ${two(Number(minute))}` : null;
};

/** The place people call a zone by: its city. */
const cityOf = (timeZone: string): string => timeZone.split("/").at(-1)!.replaceAll("_", " ");

/** A schedule as a person says it; an uncommon one keeps its cron. */
export const wordsOf = ({ cron, timeZone }: Schedule): string => {
  const [minute = "", hour = "", dayOfMonth = "", month = "", dayOfWeek = ""] = cron.trim().split(/\s+/);
  const isEveryDay = dayOfMonth === "*" && month === "*" && dayOfWeek === "*";
  const often = isEveryDay ? frequency(minute, hour) : null;
  if (often) return isNumber(hour) || hour.includes("/") ? `${often}, ${cityOf(timeZone)}` : often;
  if (month === "*" && isNumber(minute) && isNumber(hour)) {
    const words = dayWords(dayOfMonth, dayOfWeek, Number(hour));
    if (words) return `${words} at ${two(Number(hour))}:${two(Number(minute))}, ${cityOf(timeZone)}`;
  }
  return `At ${cron}, ${cityOf(timeZone)}`;
};

/** A schedule with its words and, unless paused, its next three times. */
export const shownSchedule = (schedule: Schedule, at: Date, isPaused = false): ShownSchedule => ({
  ...schedule,
  words: wordsOf(schedule),
  next: isPaused ? [] : nextTimes(schedule, at, 3).map((time) => time.toISOString()),
});
