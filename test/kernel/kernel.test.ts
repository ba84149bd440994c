// The kernel through its gateway and journal: one scope, any redefinition, Stop that keeps variables, deaths that hurt one session only.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openClient, startGateway } from "#test/kit/kernel.ts";

let gateway: Awaited<ReturnType<typeof startGateway>>;
let kernel: Awaited<ReturnType<typeof openClient>>;
beforeAll(async () => {
  gateway = await startGateway();
  kernel = await openClient(gateway);
});
afterAll(() => gateway.stop());
const textOf = async (code: string) => (await kernel.run(code)).text;

describe("one scope", () => {
  it("a name may be const, let, function, class and import in turn", async () => {
    expect(await textOf("const n: number = 1; n")).toBe("1");
    expect(await textOf("let n = 2; n")).toBe("2");
    expect(await textOf("function n() { return 3 }\nn()")).toBe("3");
    expect(await textOf("class n { v = 4 }\nnew n().v")).toBe("4");
    expect(await textOf("import { sep as n } from 'node:path'\nn")).toBe("'/'");
    expect(await textOf("const { a: n, b: [m] } = await Promise.resolve({ a: 5, b: [6] }), k = 7\nn + m + k")).toBe("18");
    expect(await textOf("n + 1")).toBe("6");
  });
  it("functions of an awaiting cell are callable above their place and in later cells", async () => {
    expect(await textOf("await 0; const early = f9(); function f9() { return 9 }\nearly")).toBe("9");
    expect(await textOf("f9()")).toBe("9");
  });
  it("enums, async work and dynamic imports are TypeScript like the rest", async () => {
    expect(await textOf("enum Colour { red, green }\nColour.green")).toBe("1");
    expect(await textOf("const fs = await import('node:fs')\ntypeof fs.readFileSync")).toBe("'function'");
  });
  it("an error names the cell's line, also after awaits and types", async () => {
    const { reply } = await kernel.run("type T = { a: number };\nawait 0;\nconst t: T = { a: 1 };\n(t as any).b.c");
    expect(reply).toMatchObject({ status: "error", ename: "TypeError" });
    expect(reply.traceback!.join("\n")).toMatch(/cell \[\d+\], line 4:/);
    expect((await kernel.run("const (")).reply.ename).toBe("SyntaxError");
  });
});

describe("the protocol", () => {
  it("every execution is busy, input, outputs, reply, idle, with the request as parent", async () => {
    const { messages } = await kernel.run("console.log('hello'); 42");
    expect(messages.map((one) => one.msg.header.msg_type)).toEqual([
      "status",
      "execute_input",
      "stream",
      "execute_result",
      "execute_reply",
      "status",
    ]);
  });
  it("rows are shown as a table, markup as its bundle, and everything has text", async () => {
    const table = await kernel.run("[{ a: 1, b: 'x' }, { a: 2, b: 'y' }]");
    expect(table.result!["application/vnd.atelier.table+json"]).toMatchObject({
      rowCount: 2,
      columns: [
        { name: "a", type: "number" },
        { name: "b", type: "string" },
      ],
    });
    expect((await kernel.run("html`<b>${1 + 1}</b>`")).result).toMatchObject({ "text/html": "<b>2</b>" });
  });
  it("a display is updated in place by its id", async () => {
    const { messages } = await kernel.run("const handle = display(1); await handle.update(2)");
    const [first, second] = messages.filter((one) => /display_data/.test(one.msg.header.msg_type));
    expect(first!.msg.header.msg_type).toBe("display_data");
    expect(second!.msg.header.msg_type).toBe("update_display_data");
    expect(second!.msg.content.transient).toEqual(first!.msg.content.transient);
  });
  it("the same execution sent twice runs once", async () => {
    await kernel.run("var times = 0");
    const { id } = await kernel.run("times += 1");
    kernel.send("times += 1", { id });
    expect(await textOf("times")).toBe("1");
  });
  it("20,000 lines arrive whole, in order, in few messages", async () => {
    const { stdout, messages } = await kernel.run("for (let i = 0; i < 20000; i++) console.log(i)");
    expect(stdout).toBe(`${Array.from({ length: 20_000 }, (_, i) => i).join("\n")}\n`);
    expect(messages.length).toBeLessThan(600);
  });
  it("a failing cell aborts what waits behind it, in order", async () => {
    const failing = kernel.send("throw new Error('stop here')");
    const behind = kernel.send("'never'");
    await kernel.until(() => kernel.about(behind).find((one) => one.msg.header.msg_type === "execute_reply"));
    expect(kernel.about(behind).find((one) => one.msg.header.msg_type === "execute_reply")!.msg.content.status).toBe("aborted");
    expect(kernel.about(failing).some((one) => one.msg.header.msg_type === "error")).toBe(true);
  });
});

describe("Stop keeps variables", () => {
  const endless: Record<string, string> = {
    "a synchronous loop": "while (true) {}",
    "a loop after an await": "await 0; while (true) {}",
    "a loop of awaits": "for (;;) await null",
    "a promise that never settles": "await new Promise(() => {})",
    "a catastrophic pattern": "/(a+)+$/.test('a'.repeat(40) + 'b')",
  };
  for (const [name, code] of Object.entries(endless)) {
    it(name, async () => {
      await kernel.run("var kept = 'still here'");
      const id = kernel.send(code);
      await kernel.until(() => kernel.about(id).find((one) => one.msg.header.msg_type === "execute_input"));
      await new Promise((resolve) => setTimeout(resolve, 150)); // let the cell get into its loop
      await kernel.request("/interrupt");
      const reply = await kernel.until(() => kernel.about(id).find((one) => one.msg.header.msg_type === "execute_reply"));
      expect(reply.msg.content.ename).toBe("Interrupted");
      expect(await textOf("kept")).toBe("'still here'");
    });
  }
});

describe("deaths", () => {
  const ends = async (code: string, pattern: RegExp, fault: string, wish = {}) => {
    const mine = await openClient(gateway, wish);
    const { reply, messages } = await mine.run(code);
    expect(reply.ename).toBe("SessionEnded");
    expect(reply.evalue).toMatch(pattern);
    expect(messages.find((one) => one.msg.header.msg_type === "error")!.msg.metadata).toEqual({ atelier: { fault } });
    expect((await mine.run("1 + 1")).text).toBe("2");
    await mine.request("", "DELETE");
  };
  it("process.exit ends its own session, says so, and a new one is ready", () => ends("process.exit(3)", /exit code 3/, "yours"));
  it("memory past the limit ends the session with the limit named", () =>
    ends("const all = []; for (;;) all.push(new Float64Array(4_000_000).fill(1))", /memory passed 300 MB/, "limits", { memoryMb: 300 }));
  it("a heap past the limit too", () =>
    ends("const all = []; for (;;) all.push({ a: all.length, b: [1, 2, 3] })", /memory passed 300 MB/, "limits", { memoryMb: 300 }));
  it("the other session never noticed", async () => {
    expect(await textOf("kept")).toBe("'still here'");
  });
});

describe("the journal", () => {
  it("gives everything after a number to a consumer that comes back, once", async () => {
    const mine = await openClient(gateway);
    const id = mine.send("for (let i = 0; i < 5; i++) { console.log(i); await new Promise((r) => setTimeout(r, 60)) }");
    await mine.until(() => mine.about(id).find((one) => one.msg.header.msg_type === "stream"));
    const last = mine.told.at(-1)!.seq;
    mine.ack(last);
    mine.drop();
    await new Promise((resolve) => setTimeout(resolve, 200)); // the cell goes on with nobody listening
    await mine.reconnect(last);
    await mine.until(() => mine.about(id).find((one) => one.msg.content.execution_state === "idle"));
    const seqs = mine.told.map((one) => one.seq);
    expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, i) => i + 1));
    expect(
      mine
        .about(id)
        .filter((one) => one.msg.header.msg_type === "stream")
        .map((one) => one.msg.content.text)
        .join(""),
    ).toBe("0\n1\n2\n3\n4\n");
  });
});
