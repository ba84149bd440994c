// How a date may be written: seven formats, each a regular expression (RE2 and JavaScript read it alike) and the places of its numbers.
// A column may mix formats; 03/04/2024 is day or month first as the column's other rows show, month first where nothing shows it.

export type DateFormat = {
  name: string;
  pattern: string;
  /** A date in this format, put in for rows of other formats while tokens are read. */
  example: string;
  /** Places of year, month, day, hour and minute among the numbers (and the month's name); null when the format has none. */
  places: { year: number; month: number; day: number; hour: number | null; minute: number | null };
  hasMonthName?: boolean;
  isCompact?: boolean;
};

const day = "(0?[1-9]|[12][0-9]|3[01])";
const month = "(0?[1-9]|1[0-2])";
const year = "[0-9]{4}";
const clock = "([t ]([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?)?( ?z|[+-][0-9]{2}(:?[0-9]{2})?)?)?";
const monthName =
  "(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sep(t(ember)?)?|oct(ober)?|nov(ember)?|dec(ember)?)\\.?";

const numbersAt = (y: number, m: number, d: number) => ({ year: y, month: m, day: d, hour: 3, minute: 4 });

/** All formats, in the order in which they are tried. Texts are lower-cased first. */
export const dateFormats: readonly DateFormat[] = [
  { name: "2024-03-05", pattern: `${year}[-/.]${month}[-/.]${day}${clock}`, example: "2000-01-01 00:00", places: numbersAt(0, 1, 2) },
  {
    name: "20240305",
    pattern: "[0-9]{4}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])",
    example: "20000101",
    places: { ...numbersAt(0, 0, 0), hour: null, minute: null },
    isCompact: true,
  },
  { name: "05.03.2024", pattern: `${day}[.]${month}[.]${year}${clock}`, example: "01.01.2000 00:00", places: numbersAt(2, 1, 0) },
  { name: "03/05/2024", pattern: `${month}[/-]${day}[/-]${year}${clock}`, example: "01/01/2000 00:00", places: numbersAt(2, 0, 1) },
  { name: "05/03/2024", pattern: `${day}[/-]${month}[/-]${year}${clock}`, example: "01/01/2000 00:00", places: numbersAt(2, 1, 0) },
  {
    name: "5 Mar 2024",
    pattern: `${day}[ -]${monthName}[ -]${year}${clock}`,
    example: "1 jan 2000 00:00",
    places: numbersAt(2, 1, 0),
    hasMonthName: true,
  },
  {
    name: "Mar 5, 2024",
    pattern: `${monthName} ${day},? ${year}${clock}`,
    example: "jan 1, 2000 00:00",
    places: numbersAt(2, 0, 1),
    hasMonthName: true,
  },
];

const names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const long = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/** Number of a month by its names. */
export const monthByName: ReadonlyMap<string, number> = new Map([
  ...names.map((name, i) => [name, i + 1] as const),
  ...long.map((name, i) => [name, i + 1] as const),
  ["sept", 9],
]);

/** What tokens of a date are. */
export const tokenPattern = "[0-9]+|[a-z]{3,}";
const tokens = /[0-9]+|[a-z]{3,}/g;

export type CalendarDate = { year: number; month: number; day: number; hour: number; minute: number };

const matchers = new Map(dateFormats.map((format) => [format.name, new RegExp(`^(?:${format.pattern})$`)]));

const lower = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

/** The date a text says in one format, or null. */
export const readDate = (text: string, format: DateFormat): CalendarDate | null => {
  const lowered = lower(text);
  if (!matchers.get(format.name)!.test(lowered)) return null;
  if (format.isCompact) {
    const all = Number(lowered);
    return { year: Math.floor(all / 10_000), month: Math.floor(all / 100) % 100, day: all % 100, hour: 0, minute: 0 };
  }

  const list = (lowered.match(tokens) ?? []).filter((token) => /[0-9]/.test(token) || (format.hasMonthName && monthByName.has(token)));
  const at = (place: number | null): number => Number((place !== null && list[place]) || 0);
  const { places } = format;
  return {
    year: at(places.year),
    month: format.hasMonthName ? monthByName.get(list[places.month]!)! : at(places.month),
    day: at(places.day),
    hour: at(places.hour),
    minute: at(places.minute),
  };
};

/** Days since 1970-01-01 of a date of the Gregorian calendar (Hinnant's days_from_civil). */
export const daysSince1970 = (y: number, m: number, d: number): number => {
  const shifted = m <= 2 ? y - 1 : y;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((m + 9) % 12) + 2) / 5) + d - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
};

/** The formats a column is written in: those that add rows, in the order of their share; day or month first by what fits more rows. */
export const formatsOf = (column: readonly string[]): { formats: DateFormat[]; share: number } => {
  const given = column.filter((text) => text !== "");
  const hits = dateFormats.map((format) => ({ format, rows: given.filter((text) => readDate(text, format) !== null) }));
  const formats: DateFormat[] = [];
  const read = new Set<string>();
  for (const { format, rows } of hits.sort((a, b) => b.rows.length - a.rows.length)) {
    const fresh = rows.filter((text) => !read.has(text));
    if (fresh.length === 0) continue;
    formats.push(format);
    for (const text of rows) read.add(text);
  }
  return { formats, share: given.length === 0 ? 0 : given.filter((text) => read.has(text)).length / given.length };
};
