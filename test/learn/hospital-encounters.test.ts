// The loader of hospital encounters on a small made table.
import { describe, expect, it } from "vitest";
import { readmissionCohort } from "#lib/learn/generators/readmission.ts";
import { hospitalEncounters } from "#lib/learn/tables/hospital-encounters.ts";
import type { Columns } from "#lib/learn/tables/table.ts";

const csv = `encounter_id,patient_nbr,gender,age,weight,admission_type_id,discharge_disposition_id,payer_code,time_in_hospital,num_lab_procedures,num_procedures,num_medications,number_outpatient,number_emergency,number_inpatient,diag_1,A1Cresult,readmitted
1,10,Female,[70-80),?,1,1,MC,3,41,0,12,0,0,2,428,None,<30
2,10,Female,[70-80),?,3,6,?,5,30,1,15,0,1,3,250.83,>8,NO
3,11,Male,[50-60),?,6,11,?,2,22,0,9,0,0,0,V57,Norm,NO
4,12,Male,[50-60),?,7,3,HM,1,12,2,20,1,0,0,820,Norm,>30`;
const [head, ...lines] = csv.split("\n").map((line) => line.split(","));
const made = (): Columns => Object.fromEntries(head!.map((name, at) => [name, lines.map((line) => line[at]!)]));

describe("hospital encounters", () => {
  it("become the cohort's columns: codes in words, diagnoses in groups, the dead left out", () => {
    const cohort = hospitalEncounters(made());
    expect(Object.keys(cohort).sort()).toEqual(Object.keys(readmissionCohort({ patients: 5 })).sort());
    expect(cohort).toMatchObject({
      patient: ["10", "10", "12"],
      admission: ["emergency", "elective", "emergency"],
      discharge: ["home", "home care", "skilled nursing"],
      diagnosis: ["circulatory", "diabetes", "injury"],
      payer: ["MC", "?", "HM"],
      a1c: ["?", "high", "normal"],
      readmitted: ["yes", "no", "no"],
    });
    expect(cohort.priorInpatient).toEqual(Float64Array.of(2, 3, 0));
  });
  it("numbers read as numbers give the same", () => {
    const typed = { ...made(), admission_type_id: Float64Array.of(1, 3, 6, 7), time_in_hospital: Float64Array.of(3, 5, 2, 1) };
    expect(hospitalEncounters(typed)).toEqual(hospitalEncounters(made()));
  });
  it("says which columns are missing, and where a value is odd", () => {
    const { diag_1: _d, gender: _g, ...less } = made();
    expect(() => hospitalEncounters(less)).toThrow(/has no column gender, diag_1/);
    expect(() => hospitalEncounters({ ...made(), readmitted: ["NO", "maybe", "NO", "NO"] })).toThrow(/"maybe" in row 2/);
    expect(() => hospitalEncounters({ ...made(), time_in_hospital: ["3", "x", "1", "1"] })).toThrow(/time_in_hospital is "x" in row 2/);
  });
});
