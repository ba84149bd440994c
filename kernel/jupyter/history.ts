// What was run, for history_request: ranges of a session, the last n, or a search with * and ?. A restart begins a new session; a request
// names the present one 0 and earlier ones by negative numbers, as IPython does.

type Line = { session: number; line: number; input: string; output: string | null };
export type HistoryTuple = [number, number, string | [string, string | null]];

const kept = 10_000;

export type History = {
  begin: () => void;
  add: (line: number, input: string) => void;
  /** Keeps the text of the result of the last line of that number. */
  result: (line: number, text: string) => void;
  /** Everything run in the present session, in order. */
  inputs: () => string[];
  /** Answers the `history` of a reply for a request's content. */
  read: (content: Record<string, unknown>) => HistoryTuple[];
};

const pattern = (glob: string): RegExp =>
  new RegExp(
    `^${glob
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", "[\\s\\S]*")
      .replaceAll("?", "[\\s\\S]")}$`,
  );

const whole = (value: unknown, fallback: number): number => (Number.isInteger(value) ? (value as number) : fallback);

const latestOfEach = (lines: Line[]): Line[] => {
  const last = new Map(lines.map((one) => [one.input, one]));
  return lines.filter((one) => last.get(one.input) === one);
};

export const openHistory = (): History => {
  const lines: Line[] = [];
  let session = 1;

  const choose = (content: Record<string, unknown>): Line[] => {
    const n = whole(content.n, 10);
    if (content.hist_access_type === "tail") return n > 0 ? lines.slice(-n) : [];
    if (content.hist_access_type === "search") {
      const wanted = pattern(String(content.pattern ?? "*"));
      const found = lines.filter((one) => wanted.test(one.input));
      const some = content.unique === true ? latestOfEach(found) : found;
      return Number.isInteger(content.n) ? some.slice(-n) : some;
    }
    const asked = whole(content.session, 0);
    const of = asked > 0 ? asked : session + asked;
    const [start, stop] = [whole(content.start, 1), whole(content.stop, Number.MAX_SAFE_INTEGER)];
    return lines.filter((one) => one.session === of && one.line >= start && one.line < stop);
  };

  return {
    begin: () => {
      session += 1;
    },
    add: (line, input) => {
      lines.push({ session, line, input, output: null });
      if (lines.length > kept) lines.shift();
    },
    result: (line, text) => {
      const last = lines.findLast((one) => one.session === session && one.line === line);
      if (last) last.output = text.slice(0, 10_000);
    },
    inputs: () => lines.filter((one) => one.session === session).map((one) => one.input),
    read: (content) =>
      choose(content).map(({ session: of, line, input, output }) => [of, line, content.output === true ? [input, output] : input]),
  };
};
