// The spool alone: what a killed process left is shipped whole, a full spool says so.
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSpool, recordsOf } from "#kernel/serving/spool.ts";
import type { PredictionRecord } from "#lib/serving/inference/contract.ts";

describe("the spool", () => {
  const record = (id: string): PredictionRecord => ({
    id,
    workspace_id: "w",
    endpoint_id: "e",
    revision_id: null,
    version: 1,
    at: "",
    latency_us: 1,
    status: 200,
    rows: 1,
    inputs: { text: ["a\nb"] },
    outputs: null,
    error: null,
    caller: "",
  });
  it("SV3 ships what an earlier process left, in order, without the line a kill cut in two", async () => {
    const folder = mkdtempSync(join(tmpdir(), "atelier-spool-"));
    appendFileSync(join(folder, "0-1-00000000.jsonl"), `${JSON.stringify(record("a"))}\n${JSON.stringify(record("b"))}\n{"id":"cut`);
    const shipped: string[] = [];
    let isAway = true;
    const spool = openSpool(folder, async (_batch, records) => {
      if (isAway) return "later";
      shipped.push(...(JSON.parse(records) as PredictionRecord[]).map((one) => one.id));
      return "taken";
    });
    await Promise.all([spool.write(record("c")), spool.write(record("d"))]);
    await spool.flush();
    expect(shipped).toEqual([]);
    expect(readdirSync(folder)).toHaveLength(2);
    isAway = false;
    await spool.flush();
    expect(shipped).toEqual(["a", "b", "c", "d"]);
    expect(readdirSync(folder)).toEqual([]);
    await spool.stop();
    rmSync(folder, { recursive: true });
  });
  it("SV7 says when it is full", async () => {
    const folder = mkdtempSync(join(tmpdir(), "atelier-spool-"));
    const spool = openSpool(folder, async () => "later", 400);
    expect(spool.isFull()).toBe(false);
    for (let i = 0; i < 4; i++) await spool.write(record(String(i)));
    await spool.flush();
    expect(spool.isFull()).toBe(true);
    await spool.stop();
    rmSync(folder, { recursive: true });
  });
  it("reads whole lines only", () => {
    expect(recordsOf("")).toBe("[]");
    expect(recordsOf('{"a":1}\n{"b":')).toBe('[{"a":1}]');
  });
});
