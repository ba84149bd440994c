// Where a workspace may send us, and where not.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNotebook } from "#lib/notebooks/contract.ts";
import { readAddress, refusalOfNumber } from "#lib/sessions/remote/address.ts";
import * as contract from "#lib/sessions/remote/contract.ts";
import { readFrame, toV1 } from "#lib/sessions/remote/frames.ts";
import { seal, unseal } from "#lib/sessions/remote/seal.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { refusal, refusals } from "#test/kit/refusals.ts";

describe("the address of a kernel server", () => {
  it("is http or https, without name, password, query or fragment", () => {
    for (const text of [
      "ftp://a.example",
      "file:///etc/passwd",
      "jupyter",
      "https://u:p@a.example",
      "https://a.example/?token=x",
      "https://a.example/#x",
    ])
      expect(() => readAddress(text, true)).toThrow();
    expect(readAddress("https://a.example/hub/", false).href).toBe("https://a.example/hub/");
  });
  it("is private only where the installation says so, and the refusal says how", () => {
    for (const address of ["127.0.0.1", "10.1.2.3", "172.20.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd12::1", "::ffff:127.0.0.1"]) {
      expect(refusalOfNumber(address, false)).toContain("ATELIER_PRIVATE_KERNEL_SERVERS=1");
      expect(refusalOfNumber(address, true)).toBeNull();
    }
    for (const text of ["http://2130706433/", "http://0x7f.1/", "http://[::1]/"]) expect(() => readAddress(text, false)).toThrow("private");
  });
  it("is never where clouds keep credentials, nor nowhere", () => {
    for (const address of [
      "169.254.169.254",
      "0.0.0.0",
      "::",
      "fe80::1",
      "fd00:ec2::254",
      "224.0.0.1",
      "::ffff:169.254.169.254",
      "64:ff9b::a9fe:a9fe",
    ])
      expect([address, refusalOfNumber(address, true)]).not.toEqual([address, null]);
  });
  it("may be any public number", () => {
    for (const address of ["8.8.8.8", "2606:4700::1111"]) expect(refusalOfNumber(address, false)).toBeNull();
  });
});

describe("frames", () => {
  const frame = {
    channel: "shell",
    header: { msg_id: "1", msg_type: "execute_request" },
    parent_header: {},
    metadata: {},
    content: { code: "π = 3" },
  };
  it("of the v1 sub-protocol are read as they were written", () => {
    expect(readFrame(toV1(frame), true, true)).toEqual(frame);
  });
  it("of the older way are read as text and, with buffers, from binary", () => {
    const text = Buffer.from(JSON.stringify(frame));
    expect(readFrame(text, false, false)).toEqual(frame);
    const head = Buffer.alloc(12);
    head.writeUInt32BE(2, 0);
    head.writeUInt32BE(12, 4);
    head.writeUInt32BE(12 + text.length, 8);
    expect(readFrame(Buffer.concat([head, text, Buffer.from([1, 2, 3])]), true, false)).toEqual(frame);
  });
  it("that are none are read as nothing", () => {
    for (const data of [Buffer.from([]), Buffer.from("{}"), Buffer.from("nonsense"), Buffer.alloc(64, 255)])
      for (const isBinary of [true, false]) for (const isV1 of [true, false]) expect(readFrame(data, isBinary, isV1)).toBeNull();
  });
});

describe("S11 kernel servers", () => {
  let house: House;
  let notebook: string;
  const main = { workspace: "main" };
  const wish = { ...main, name: "Lab", url: "http://127.0.0.1:1", token: "secret" };
  beforeAll(async () => {
    house = await openHouse();
    notebook = (await house.as("editor")(createNotebook, { ...main, title: "Chooses" })).id;
  });
  afterAll(() => house.close());

  refusals(
    () => house,
    contract.addKernelServer,
    () => wish,
    { minimumRole: "owner", bad: { name: "" } },
  );
  refusals(
    () => house,
    contract.removeKernelServer,
    () => ({ ...main, server: "ks_none" }),
    { minimumRole: "owner" },
  );
  refusals(
    () => house,
    contract.chooseKernel,
    () => ({ ...main, notebook, server: null, kernel: "typescript" }),
    { minimumRole: "editor", bad: { kernel: "" } },
  );
  it("at a private address are refused where the installation has not allowed them, and nothing is kept", async () => {
    const said = await refusal(house.as("owner")(contract.addKernelServer, wish));
    expect([said.kind, said.code]).toEqual(["invalid", "kernelServers.address"]);
    expect((await house.as("viewer")(contract.listKernelServers, main)).items).toEqual([]);
  });
  it("a notebook runs on ours until it chose, and cannot choose what nobody offers", async () => {
    expect(await house.as("viewer")(contract.readKernel, { ...main, notebook })).toEqual(contract.ownKernel);
    const choice = { ...main, notebook, server: "ks_none", kernel: "python3" };
    expect((await refusal(house.as("editor")(contract.chooseKernel, choice))).kind).toBe("missing");
    expect((await house.as("viewer")(contract.listKernels, main)).items).toEqual([contract.ownKernel]);
  });
  it("a sealed token opens for its own row only", () => {
    const sealed = seal("secret", "ks_a");
    expect(sealed).not.toContain("secret");
    expect(unseal(sealed, "ks_a")).toBe("secret");
    expect(() => unseal(sealed, "ks_b")).toThrow("cannot be opened");
  });
});
