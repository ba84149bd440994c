// A synthetic cohort of hospital encounters: eleven in a hundred come back within thirty days, prior inpatient stays predict it best, a
// patient has several encounters, and missing values are coded "?" as hospital exports do. Labelled synthetic wherever it is shown.
import { mulberry32 } from "#lib/learn/random.ts";
import type { Columns } from "#lib/learn/tables/table.ts";

const ages = ["[20-30)", "[30-40)", "[40-50)", "[50-60)", "[60-70)", "[70-80)", "[80-90)", "[90-100)"] as const;
const weights = ["[75-100)", "[100-125)", "[125-150)"] as const;
const ageShares = [0.02, 0.05, 0.1, 0.18, 0.23, 0.25, 0.14, 0.03];
const admissions = { emergency: 0.54, urgent: 0.2, elective: 0.2, newborn: 0, "?": 0.06 } as const;
const discharges = { home: 0.62, "home care": 0.14, "skilled nursing": 0.16, "other hospital": 0.04, "?": 0.04 } as const;
const payers = { "?": 0.4, medicare: 0.33, commercial: 0.17, medicaid: 0.06, "self-pay": 0.04 } as const;
const diagnoses = { circulatory: 0.3, respiratory: 0.14, digestive: 0.09, diabetes: 0.09, injury: 0.07, other: 0.31 } as const;

type Random = () => number;
const drawn = (random: Random, shares: readonly number[]): number => {
  let left = random() * shares.reduce((a, b) => a + b, 0);
  for (const [at, share] of shares.entries()) {
    left -= share;
    if (left < 0) return at;
  }
  return shares.length - 1;
};
const level = <T extends string>(random: Random, shares: Record<T, number>): T =>
  (Object.keys(shares) as T[])[drawn(random, Object.values(shares))]!;
const poisson = (random: Random, rate: number): number => {
  let count = 0;
  for (let product = random(); product > Math.exp(-rate); product *= random()) count += 1;
  return count;
};

type Encounter = { patient: number; risk: number; columns: Record<string, string | number> };

const makeEncounter = (random: Random, patient: number, frailty: number, age: number, prior: number): Encounter => {
  const inpatient = prior + poisson(random, 0.35 * Math.exp(0.9 * frailty));
  const stay = 1 + Math.min(13, poisson(random, 2.6 + 0.5 * Math.max(0, frailty)));
  const emergency = poisson(random, 0.2 * Math.exp(0.6 * frailty));
  const medications = 3 + poisson(random, 12);
  const columns = {
    age: ages[age]!,
    sex: random() < 0.54 ? "female" : "male",
    admission: level(random, admissions),
    discharge: level(random, discharges),
    payer: level(random, payers),
    diagnosis: level(random, diagnoses),
    stayDays: stay,
    labTests: 10 + poisson(random, 33),
    procedures: poisson(random, 1.3),
    medications,
    priorInpatient: inpatient,
    priorEmergency: emergency,
    priorOutpatient: poisson(random, 0.35),
    weight: random() < 0.95 ? "?" : weights[Math.floor(random() * weights.length)]!,
    a1c: random() < 0.83 ? "?" : random() < 0.5 ? "normal" : "high",
  };
  const risk =
    0.42 * Math.min(inpatient, 6) +
    0.14 * Math.min(emergency, 4) +
    0.05 * stay +
    0.05 * (age - 4) +
    (columns.discharge === "skilled nursing" ? 0.35 : columns.discharge === "other hospital" ? 0.5 : 0) +
    (columns.diagnosis === "diabetes" || columns.diagnosis === "circulatory" ? 0.12 : 0) +
    0.012 * (medications - 15) +
    0.25 * frailty;
  return { patient, risk: 0.82 * risk, columns };
};

/** The shift that makes the mean chance equal the rate. */
const shiftFor = (risks: readonly number[], rate: number): number => {
  let [low, high] = [-20, 20];
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2;
    const mean = risks.reduce((sum, risk) => sum + 1 / (1 + Math.exp(-(risk + middle))), 0) / risks.length;
    if (mean > rate) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
};

/**
 * Makes encounters of patients, in their order; `patient` groups them, `readmitted` is yes or no.
 * @example
 * const cohort = readmissionCohort({ patients: 8000, seed: 1 });
 */
export const readmissionCohort = (options: { patients?: number; seed?: number; rate?: number } = {}): Columns => {
  const { patients = 5000, seed = 0, rate = 0.11 } = options;
  if (!(rate > 0 && rate < 1)) throw new Error(`rate: ${rate} is not a share. Give a number between 0 and 1.`);
  const random = mulberry32(seed);
  const encounters: Encounter[] = [];
  for (let patient = 0; patient < patients; patient++) {
    const frailty = Math.sqrt(-2 * Math.log(Math.max(random(), 1e-12))) * Math.cos(2 * Math.PI * random());
    const age = drawn(random, ageShares);
    const visits = 1 + Math.min(6, poisson(random, 0.45 * Math.exp(0.4 * frailty)));
    for (let visit = 0; visit < visits; visit++) encounters.push(makeEncounter(random, patient, frailty, age, visit));
  }
  const risks = encounters.map((one) => one.risk);
  const shift = shiftFor(risks, rate);
  const columns: Columns = {
    patient: Float64Array.from(encounters, (one) => one.patient),
    encounter: Float64Array.from(encounters, (_, i) => i),
  };
  for (const [name, first] of Object.entries(encounters[0]?.columns ?? {}))
    columns[name] =
      typeof first === "number"
        ? Float64Array.from(encounters, (one) => one.columns[name] as number)
        : encounters.map((one) => one.columns[name] as string);
  columns.readmitted = risks.map((risk) => (random() < 1 / (1 + Math.exp(-(risk + shift))) ? "yes" : "no"));
  return columns;
};
