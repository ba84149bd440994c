// What TypeScript means in a cell, how values and errors are shown, and what Stop does to code that is not running at the moment.
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
const lines = (traceback: string[] | undefined) => traceback!.join("\n");

describe("the language", () => {
  it("using gives back when the cell ends, in reverse order, after errors too, and inside functions", async () => {
    await kernel.run(
      "var given: string[] = []; const res = (name: string) => ({ name, [Symbol.dispose]() { given.push(name) } }); const later = (name: string) => ({ [Symbol.asyncDispose]: async () => { await 0; given.push(name) } })",
    );
    const first = await kernel.run("using a = res('a');\nawait using b = later('b');\na.name + given.length");
    expect(first.text).toBe("'a0'");
    expect(await textOf("given.splice(0).join()")).toBe("'b,a'");
    const { reply } = await kernel.run("using c = res('c')\nfunction noise() {}\nthrow new Error('in between')");
    expect(reply.evalue).toBe("in between");
    expect(await textOf("given.splice(0).join()")).toBe("'c'");
    await kernel.run("function work() {\n  using d = res('d')\n  return d.name\n}");
    expect(await textOf("[work(), given.splice(0).join()].join()")).toBe("'d,d'");
    expect((await kernel.run("using e = 5 as any")).reply.evalue).toMatch(/cannot be given back/);
  });
  it("an enum run again forgets the members it no longer has; namespaces and parameter properties work", async () => {
    await kernel.run("enum Grade { A, B }");
    expect(await textOf("enum Grade { C }\nJSON.stringify(Grade)")).toBe(`'{"0":"C","C":0}'`);
    expect(await textOf("await 0; enum Grade { D }\nJSON.stringify(Grade)")).toBe(`'{"0":"D","D":0}'`);
    expect(await textOf("namespace Shape { export const sides = 4 }\nShape.sides")).toBe("4");
    expect(await textOf("class P { constructor(public x: number, readonly y = 2) {} }\nnew P(1).x + new P(1).y")).toBe("3");
  });
  it("an error names the cell's line also where the cell had to be compiled, with the code around it", async () => {
    const { reply } = await kernel.run("enum E { a }\n\n// a comment that goes\n\nnull!.boom");
    expect(lines(reply.traceback)).toMatch(/cell \[\d+\], line 5:/);
    expect(lines(reply.traceback)).toContain(">   5 | null!.boom");
  });
  it("an error in a function of another cell shows both cells", async () => {
    await kernel.run("function inner() {\n  throw new RangeError('deep')\n}");
    const { reply } = await kernel.run("const before = 1\nconst middle = async () => { await 0; inner() }\nawait middle()");
    expect(lines(reply.traceback)).toMatch(/inner .*cell \[\d+\], line 2:/);
    expect(lines(reply.traceback)).toContain(">   2 | const middle");
    expect(lines(reply.traceback)).toMatch(/cell \[\d+\], line 3:/);
  });
  it("JSX is refused with a word for what to do instead", async () => {
    expect((await kernel.run("const view = <div>hi</div>")).reply).toMatchObject({
      ename: "SyntaxError",
      evalue: expect.stringMatching(/html`…`/),
    });
  });
});

describe("showing", () => {
  it("large arrays, matrices and typed arrays are previews with their shape", async () => {
    expect(await textOf("Array.from({ length: 100_000 }, (_, i) => i)")).toMatch(/^100,000 number array\n\[ 0, 1, 2, 3, 4, 5 \] …$/);
    expect(await textOf("Array.from({ length: 200 }, () => [1, 2, 3])")).toMatch(/^200 × 3 array\n/);
    expect(await textOf("new Float64Array(1_000_000)")).toMatch(/^1,000,000 Float64Array\n/);
    expect(await textOf("[1, 2, 3]")).toBe("[ 1, 2, 3 ]");
  });
  it("promises, streams and generators are shown with the way to their values", async () => {
    expect(await textOf("new Promise(() => {})")).toMatch(/pending.*\nA promise. Write await/);
    expect(await textOf("new ReadableStream()")).toMatch(/ReadableStream: comes in parts/);
    expect(await textOf("(async function* () { yield 1 })()")).toMatch(/for await/);
    expect(await textOf("(function* () { yield 1 })()")).toMatch(/A generator/);
  });
  it("the bytes of a picture, a bundle of mime types, a table, a chart and a progress bar show as what they are", async () => {
    const png = "Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')";
    expect((await kernel.run(png)).result).toHaveProperty("image/png");
    expect((await kernel.run(`image(new Uint8Array(${png}))`)).result).toHaveProperty("image/png");
    expect((await kernel.run("image(new Uint8Array([1, 2]))")).reply.evalue).toMatch(/no PNG/);
    expect((await kernel.run("({ 'text/latex': 'x^2' })")).result).toMatchObject({ "text/latex": "x^2" });
    expect((await kernel.run("table([{ a: 1 }])")).result).toHaveProperty("application/vnd.atelier.table+json");
    expect((await kernel.run("chart.bar([{ a: 'x', n: 1 }], 'a', 'n')")).result).toHaveProperty("application/vnd.vegalite.v6+json");
    expect(await textOf("typeof progress")).toBe("'function'");
    expect(await textOf("const chart = 5; chart")).toBe("5");
  });
  it("display comes in order with what is printed, its handle is no result, and an update after the cell's end reaches its place", async () => {
    const { messages } = await kernel.run("console.log('before'); display(1); console.log('after'); var place = display('x')");
    expect(messages.map((one) => one.msg.header.msg_type)).toEqual([
      "status",
      "execute_input",
      "stream",
      "display_data",
      "stream",
      "display_data",
      "execute_reply",
      "status",
    ]);
    expect((await kernel.run("display(1)")).result).toBeUndefined();
    const later = await kernel.run("place.update('y')");
    expect(later.messages.find((one) => one.msg.header.msg_type === "update_display_data")!.msg.content.data).toEqual({
      "text/plain": "'y'",
    });
  });
  it("a display that throws or is hostile is shown as text and hurts nothing", async () => {
    expect(await textOf("({ [Symbol.for('Jupyter.display')]() { throw new Error('bad display') } })")).toMatch(
      /its display failed.*bad display/,
    );
    expect(await textOf("new Proxy({}, { get() { throw new Error('trap') } })")).toBeDefined();
    expect(await textOf("1 + 1")).toBe("2");
  });
});

describe("work in the background", () => {
  it("what a timer prints belongs to the cell that set it", async () => {
    const { id } = await kernel.run("void setTimeout(() => console.log('late'), 150)");
    await kernel.run("'another cell'");
    const late = await kernel.until(() => kernel.told.find((one) => one.msg.content.text === "late\n"));
    expect(late.msg.parent_header.msg_id).toBe(id);
  });
  it("an unhandled rejection and an error in a timer are told under their cell and end nothing", async () => {
    await kernel.run("var still = 7");
    const rejected = await kernel.run("void Promise.reject(new Error('nobody waits')), 1");
    const failed = await kernel.run("void setTimeout(() => { throw new Error('in a timer') }, 50)");
    await kernel.run("'next'");
    const errorOf = (id: string) => kernel.until(() => kernel.about(id).find((one) => one.msg.header.msg_type === "error"));
    expect((await errorOf(rejected.id)).msg.content).toMatchObject({ ename: "Unhandled Error", evalue: "nobody waits" });
    expect((await errorOf(failed.id)).msg.content).toMatchObject({ ename: "Error", evalue: "in a timer" });
    expect(await textOf("still")).toBe("7");
  });
});

describe("Stop", () => {
  const stopped = async (code: string) => {
    const id = kernel.send(code);
    await kernel.until(() => kernel.about(id).find((one) => one.msg.header.msg_type === "stream"));
    await kernel.request("/interrupt");
    return (await kernel.until(() => kernel.about(id).find((one) => one.msg.header.msg_type === "execute_reply"))).msg.content;
  };
  it("reaches a loop that waits inside functions, runs its finally, and nothing of it goes on", async () => {
    const code =
      "var rounds = 0, cleaned = false; async function train() { try { for (;;) { await new Promise((r) => setTimeout(r, 5)); if (rounds++ === 0) console.log('going') } } finally { cleaned = true } }\nawait train()";
    expect((await stopped(code)).ename).toBe("Interrupted");
    const seen = Number(await textOf("await new Promise((r) => setTimeout(r, 100)); rounds"));
    expect(Number(await textOf("await new Promise((r) => setTimeout(r, 100)); rounds"))).toBe(seen);
    expect(await textOf("cleaned")).toBe("true");
  });
  it("reaches a loop that catches everything", async () => {
    const code =
      "var tries = 0; for (;;) { try { await new Promise((r) => setTimeout(r, 2)); if (tries++ === 0) console.log('going') } catch {} }";
    expect((await stopped(code)).ename).toBe("Interrupted");
    const seen = Number(await textOf("await new Promise((r) => setTimeout(r, 80)); tries"));
    expect(Number(await textOf("await new Promise((r) => setTimeout(r, 80)); tries"))).toBe(seen);
  });
  it("reaches for await over an endless source, and gives the source back", async () => {
    const code =
      "var closed = false; async function* ticks() { try { for (let i = 0; ; i++) { await new Promise((r) => setTimeout(r, 5)); yield i } } finally { closed = true } }\nfor await (const i of ticks()) if (i === 0) console.log('going')";
    expect((await stopped(code)).ename).toBe("Interrupted");
    expect(await textOf("await new Promise((r) => setTimeout(r, 60)); closed")).toBe("true");
  });
  it("a cell stopped long ago cannot write into the result of a later one", async () => {
    expect((await stopped("console.log('going'); await new Promise((r) => setTimeout(r, 200)); 'old value'")).ename).toBe("Interrupted");
    expect(await textOf("await new Promise((r) => setTimeout(r, 300)); 'new value'")).toBe("'new value'");
  });
});
