// Hospital encounters in the layout of the public "130 US hospitals" table (Strack et al. 2014), read into the columns that
// `readmissionCohort` makes. Diagnoses are grouped by ICD-9 as that paper does; stays that ended in death or hospice are left out, since
// nobody comes back from them.
import { type Column, type Columns, isNumeric, rowCount, takeRows } from "#lib/learn/tables/table.ts";

const numbers = {
  stayDays: "time_in_hospital",
  labTests: "num_lab_procedures",
  procedures: "num_procedures",
  medications: "num_medications",
  priorInpatient: "number_inpatient",
  priorEmergency: "number_emergency",
  priorOutpatient: "number_outpatient",
} as const;
const texts = {
  patient: "patient_nbr",
  encounter: "encounter_id",
  age: "age",
  sex: "gender",
  payer: "payer_code",
  weight: "weight",
} as const;
const coded = ["admission_type_id", "discharge_disposition_id", "diag_1", "A1Cresult", "readmitted"] as const;
const needed = [...Object.values(texts), ...Object.values(numbers), ...coded];

const admissions: Record<string, string> = { 1: "emergency", 2: "urgent", 3: "elective", 4: "newborn", 7: "emergency" };
const discharges: Record<string, string> = { 1: "home", 3: "skilled nursing", 6: "home care", 8: "home care", 2: "other hospital" };
const ended = new Set(["11", "13", "14", "19", "20", "21"]);
const a1c: Record<string, string> = { norm: "normal", ">7": "high", ">8": "high" };
const outcomes: Record<string, string> = { "<30": "yes", ">30": "no", no: "no" };

const textOf = (column: Column): string[] =>
  isNumeric(column) ? Array.from(column, (one) => (Number.isNaN(one) ? "?" : String(one))) : column.map((one) => one.trim() || "?");

const diagnosisOf = (icd: string): string => {
  const number = Number.parseFloat(icd);
  if (!Number.isFinite(number)) return icd === "?" ? "?" : "other";
  const whole = Math.floor(number);
  if (whole === 250) return "diabetes";
  if ((whole >= 390 && whole <= 459) || whole === 785) return "circulatory";
  if ((whole >= 460 && whole <= 519) || whole === 786) return "respiratory";
  if ((whole >= 520 && whole <= 579) || whole === 787) return "digestive";
  return whole >= 800 && whole <= 999 ? "injury" : "other";
};

const numberOf = (name: string, column: Column): Float64Array => {
  const values = textOf(column).map((one) => (one === "?" ? Number.NaN : Number(one)));
  const odd = values.findIndex((one, i) => (Number.isNaN(one) && textOf(column)[i] !== "?") || one < 0);
  if (odd >= 0) throw new Error(`${name} is "${textOf(column)[odd]}" in row ${odd + 1}. It is a count and not negative.`);
  return Float64Array.from(values);
};

/**
 * Encounters with `readmitted` (yes within thirty days), from a table in the layout of the 130-hospitals export; "?" stays unknown.
 * @example
 * const cohort = hospitalEncounters(await (await datasets.open("encounters")).toColumns());
 */
export const hospitalEncounters = (table: Columns): Columns => {
  const missing = needed.filter((name) => !(name in table));
  if (missing.length > 0) throw new Error(`This is not a table of hospital encounters: it has no column ${missing.join(", ")}.`);
  if (rowCount(table) === 0) throw new Error("There are no encounters in this table.");
  const of = (name: string): string[] => textOf(table[name]!);
  const outcome = of("readmitted").map((one, i) => {
    const known = outcomes[one.toLowerCase()];
    if (!known) throw new Error(`readmitted is "${one}" in row ${i + 1}. It is <30, >30 or NO.`);
    return known;
  });
  const whole: Columns = {
    ...Object.fromEntries(Object.entries(texts).map(([name, from]) => [name, of(from)])),
    sex: of("gender").map((one) => one.toLowerCase()),
    admission: of("admission_type_id").map((one) => admissions[one] ?? "?"),
    discharge: of("discharge_disposition_id").map((one) => discharges[one] ?? "?"),
    diagnosis: of("diag_1").map(diagnosisOf),
    ...Object.fromEntries(Object.entries(numbers).map(([name, from]) => [name, numberOf(from, table[from]!)])),
    a1c: of("A1Cresult").map((one) => a1c[one.toLowerCase()] ?? "?"),
    readmitted: outcome,
  };
  const returning = of("discharge_disposition_id").flatMap((one, i) => (ended.has(one) ? [] : [i]));
  return takeRows(whole, returning);
};
