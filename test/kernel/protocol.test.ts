// Jupyter's messages as a stock client sees them on our WebSocket, in both sub-protocols, and the REST around them.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { executeContent, openSocket, type Talk, talkOver } from "#test/kit/jupyter.ts";
import { startGateway } from "#test/kit/kernel.ts";

let gateway: Awaited<ReturnType<typeof startGateway>>;
let headers: Record<string, string>;
const ask = async (path: string, method = "GET", body?: unknown, more: Record<string, string> = {}) => {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(`${gateway.url}${path}`, { method, headers: { ...headers, ...more }, ...sent });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? null : JSON.parse(text), location: answer.headers.get("location") };
};
const newKernel = async (): Promise<string> => (await ask("/api/kernels", "POST", { name: "typescript" })).body.id;
const open = async (id: string, options: { isOld?: boolean; sessionId?: string } = {}) => {
  const wire = await openSocket(gateway.url, id, { headers, ...options });
  return { wire, talk: talkOver(wire, options.sessionId) };
};

beforeAll(async () => {
  gateway = await startGateway();
  headers = { authorization: `token ${gateway.secret}`, "content-type": "application/json" };
});
afterAll(() => gateway.stop());

describe.each([
  ["the v1 sub-protocol", false],
  ["the older JSON form", true],
])("%s", (_name, isOld) => {
  let talk: Talk;
  let kernelId: string;
  beforeAll(async () => {
    kernelId = await newKernel();
    talk = (await open(kernelId, { isOld })).talk;
  });
  afterAll(() => ask(`/api/kernels/${kernelId}`, "DELETE"));

  it("a silent execution broadcasts no input, gives no result and counts nothing", async () => {
    const first = await talk.run("1");
    const silent = await talk.run("var hidden = 5; hidden", { silent: true });
    expect(silent.iopub.map((one) => one.header.msg_type)).toEqual(["status", "status"]);
    const unstored = await talk.run("hidden", { store_history: false });
    expect(unstored.text).toBe("5");
    expect((await talk.run("2")).reply.execution_count).toBe(Number(first.reply.execution_count) + 1);
  });
  it("user expressions are answered one by one, also when one of them throws", async () => {
    const { reply } = await talk.run("var x = 20", {
      user_expressions: { good: "x + 1 as number", later: "await Promise.resolve(x)", bad: "nope.y" },
    });
    expect(reply.user_expressions).toMatchObject({
      good: { status: "ok", data: { "text/plain": "21" } },
      later: { status: "ok", data: { "text/plain": "20" } },
      bad: { status: "error", ename: "ReferenceError" },
    });
  });
  it("with stop_on_error off, what waits behind a failing cell runs", async () => {
    const failing = talk.send("execute_request", executeContent("throw new Error('no')", { stop_on_error: false }));
    const behind = talk.send("execute_request", executeContent("'ran'"));
    expect((await talk.ended(failing)).reply.status).toBe("error");
    expect((await talk.ended(behind)).reply.status).toBe("ok");
  });
  it("await input() asks the client that ran the cell, with or without showing what is typed", async () => {
    const id = talk.send(
      "execute_request",
      executeContent("const name = await input('Who? ', { password: true }); name", { allow_stdin: true }),
    );
    const question = await talk.until(() => talk.about(id).find((one) => one.channel === "stdin"));
    expect(question.msg.content).toEqual({ prompt: "Who? ", password: true });
    talk.send("input_reply", { value: "Ada" }, { channel: "stdin" });
    const { iopub } = await talk.ended(id);
    expect(iopub.find((one) => one.header.msg_type === "execute_result")!.content.data).toEqual({ "text/plain": "'Ada'" });
  });
  it("prompt() holds the session until the answer is there", async () => {
    const id = talk.send("execute_request", executeContent("prompt('Number? ') + '!'", { allow_stdin: true }));
    await talk.until(() => talk.about(id).find((one) => one.channel === "stdin"));
    talk.send("input_reply", { value: "seven" }, { channel: "stdin" });
    const { iopub } = await talk.ended(id);
    expect(iopub.find((one) => one.header.msg_type === "execute_result")!.content.data).toEqual({ "text/plain": "'seven!'" });
  });
  it("a question nobody can answer is an error with words, and Stop ends a question that waits", async () => {
    expect((await talk.run("await input('?')")).reply).toMatchObject({ status: "error", ename: "InputNotAllowed" });
    for (const code of ["await input('?')", "prompt('?')"]) {
      const id = talk.send("execute_request", executeContent(code, { allow_stdin: true }));
      await talk.until(() => talk.about(id).find((one) => one.channel === "stdin"));
      const stop = await talk.ask("interrupt_request", {}, { channel: "control" });
      expect(stop.reply.status).toBe("ok");
      expect((await talk.ended(id)).reply.ename).toBe("Interrupted");
    }
    expect((await talk.run("x")).text).toBe("20");
  });
  it("comms open, talk with buffers and close, both ways; an unknown target is closed at once", async () => {
    await talk.run(
      "const { comms } = await import('atelier'); comms.register('echo', (comm, opened) => { console.log('opened', opened.data.a); comm.onMessage((m) => comm.send({ got: m.data, bytes: [...m.buffers[0]] }, { buffers: [new Uint8Array([9, 8])] })); comm.onClose(() => console.log('closed')) })",
    );
    const opened = await talk.ask("comm_open", { comm_id: "c1", target_name: "echo", data: { a: 1 } });
    expect(opened.iopub.map((one) => one.header.msg_type)).toEqual(["status", "stream", "status"]);
    expect((await talk.ask("comm_info_request", { target_name: "echo" })).reply.comms).toEqual({ c1: { target_name: "echo" } });
    const spoken = await talk.ask("comm_msg", { comm_id: "c1", data: { b: 2 } }, { buffers: [new Uint8Array([1, 2, 3])] });
    const answer = spoken.iopub.find((one) => one.header.msg_type === "comm_msg")!;
    expect(answer.content).toEqual({ comm_id: "c1", data: { got: { b: 2 }, bytes: [1, 2, 3] } });
    expect([...answer.buffers![0]!]).toEqual([9, 8]);
    await talk.ask("comm_close", { comm_id: "c1", data: {} });
    expect((await talk.ask("comm_info_request", {})).reply.comms).toEqual({});
    const unknown = await talk.ask("comm_open", { comm_id: "c2", target_name: "nobody", data: {} });
    expect(unknown.iopub.map((one) => one.header.msg_type)).toEqual(["status", "comm_close", "status"]);
    const own = await talk.run("const mine = comms.open('view', { from: 'cell' }); mine.close()");
    expect(own.iopub.map((one) => one.header.msg_type)).toEqual(["status", "execute_input", "comm_open", "comm_close", "status"]);
  });
  it("completion and inspection know live values and count the cursor in code points", async () => {
    await talk.run("const point = { across: 1, along: [1, 2] }; var hits = 0; const trap = { get boom() { hits++; return 1 } }");
    const code = "'𝒙𝒚'; point.al";
    const { reply } = await talk.ask("complete_request", { code, cursor_pos: [...code].length });
    expect(reply).toMatchObject({ matches: ["along"], cursor_start: 12, cursor_end: 14 });
    const look = await talk.ask("inspect_request", { code: "'𝒙'; point", cursor_pos: 7, detail_level: 0 });
    expect(look.reply).toMatchObject({ found: true });
    expect(String((look.reply.data as Record<string, string>)["text/plain"])).toContain("across: 1");
    await talk.ask("inspect_request", { code: "trap.boom", cursor_pos: 9, detail_level: 0 });
    expect((await talk.run("hits")).text).toBe("0");
    expect((await talk.ask("inspect_request", { code: "nothing_here", cursor_pos: 3 })).reply.found).toBe(false);
  });
  it("is_complete tells complete, incomplete and invalid apart", async () => {
    const of = async (code: string) => (await talk.ask("is_complete_request", { code })).reply;
    expect(await of("const a = 1")).toEqual({ status: "complete" });
    expect(await of("function f() {")).toEqual({ status: "incomplete", indent: "  " });
    expect((await of("const = = 3")).status).toBe("invalid");
  });
  it("history gives ranges, the tail and a search, with outputs when asked", async () => {
    await talk.run("'needle ' + 1");
    const last = (await talk.run("'needle ' + 2")).reply.execution_count as number;
    const read = async (content: Record<string, unknown>) => (await talk.ask("history_request", content)).reply.history as unknown[][];
    expect(await read({ hist_access_type: "tail", n: 1, output: true, raw: true })).toEqual([[1, last, ["'needle ' + 2", "'needle 2'"]]]);
    expect(await read({ hist_access_type: "range", session: 0, start: last - 1, stop: last })).toEqual([[1, last - 1, "'needle ' + 1"]]);
    expect((await read({ hist_access_type: "search", pattern: "'needle*" })).length).toBe(2);
  });
  it("a display is updated across cells, and clear() empties the output", async () => {
    await talk.run("display('first', { display_id: 'shared' })");
    const second = await talk.run("display('second', { display_id: 'shared', update: true }); clear(true)");
    expect(second.of("update_display_data")[0]!.content).toMatchObject({
      transient: { display_id: "shared" },
      data: { "text/plain": "'second'" },
    });
    expect(second.of("clear_output")[0]!.content).toEqual({ wait: true });
  });
  it("restart by message starts a new session: other session id, counting from one", async () => {
    const before = talk.heard.at(-1)!.msg.header.session;
    const { reply } = await talk.ask("shutdown_request", { restart: true }, { channel: "control" });
    expect(reply).toMatchObject({ status: "ok", restart: true });
    const again = await talk.run("typeof x");
    expect(again.text).toBe("'undefined'");
    expect(again.reply.execution_count).toBe(1);
    expect(talk.heard.at(-1)!.msg.header.session).not.toBe(before);
  });
});

describe("several sockets", () => {
  it("hear the same iopub, and only the one that asked gets the reply", async () => {
    const id = await newKernel();
    const [one, two] = [(await open(id, { sessionId: "s1" })).talk, (await open(id, { sessionId: "s2", isOld: true })).talk];
    expect((await ask(`/api/kernels/${id}`)).body.connections).toBe(2);
    const { id: request } = await one.run("console.log('both'); 1");
    await two.until(() => two.about(request).some((heard) => heard.msg.content.execution_state === "idle"));
    expect(two.about(request).map((heard) => heard.msg.header.msg_type)).toContain("stream");
    expect(two.replyTo(request)).toBeUndefined();
    one.close();
    two.close();
  });
  it("a session that comes back hears what was said meanwhile, once, reply included; another session does not", async () => {
    const id = await newKernel();
    const first = await open(id, { sessionId: "laptop" });
    await first.talk.run("1");
    const watch = (await open(id, { sessionId: "other" })).talk;
    const request = first.talk.send(
      "execute_request",
      executeContent("for (let i = 0; i < 4; i++) { console.log('line', i); await new Promise((r) => setTimeout(r, 80)) }"),
    );
    await first.talk.until(() => first.talk.about(request).some((heard) => heard.msg.header.msg_type === "stream"));
    first.wire.socket.terminate();
    await watch.until(() => watch.about(request).some((heard) => heard.msg.content.execution_state === "idle"));
    const back = (await open(id, { sessionId: "laptop" })).talk;
    await back.until(() => back.replyTo(request));
    await back.until(() => back.about(request).some((heard) => heard.msg.content.execution_state === "idle"));
    const text = [...first.talk.about(request), ...back.about(request)]
      .filter((heard) => heard.msg.header.msg_type === "stream")
      .map((heard) => heard.msg.content.text)
      .join("");
    expect(text).toBe("line 0\nline 1\nline 2\nline 3\n");
    expect(watch.replyTo(request)).toBeUndefined();
  });
});

describe("REST", () => {
  it("names the server, its kernels' life and the connections", async () => {
    expect((await ask("/api")).body).toEqual({ version: "2.14.0" });
    const status = (await ask("/api/status")).body;
    expect(status).toMatchObject({ kernels: expect.any(Number), connections: expect.any(Number) });
    expect(Date.parse(status.last_activity)).toBeGreaterThanOrEqual(Date.parse(status.started));
    expect((await ask("/api/me")).body.identity.username).toBe("atelier");
    const spec = (await ask("/api/kernelspecs")).body.kernelspecs.typescript;
    expect(spec.spec).toMatchObject({ language: "typescript", interrupt_mode: "message" });
    expect((await fetch(`${gateway.url}${spec.resources["logo-svg"]}`, { headers })).headers.get("content-type")).toBe("image/svg+xml");
  });
  it("makes, reads, interrupts, restarts and deletes a kernel", async () => {
    const made = await ask("/api/kernels", "POST", {});
    expect(made.status).toBe(201);
    expect(made.location).toBe(`/api/kernels/${made.body.id}`);
    const path = made.location!;
    expect((await ask(path)).body).toMatchObject({ id: made.body.id, name: "typescript", connections: 0 });
    expect((await ask(`${path}/interrupt`, "POST")).status).toBe(204);
    expect((await ask(`${path}/restart`, "POST")).status).toBe(200);
    expect((await ask(path, "DELETE")).status).toBe(204);
    expect((await ask(path)).status).toBe(404);
  });
  it("sessions: a path keeps its kernel, can be renamed and given another one, and goes with it", async () => {
    const made = await ask("/api/sessions", "POST", { path: "a.ipynb", name: "a", type: "notebook", kernel: { name: "typescript" } });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ path: "a.ipynb", notebook: { path: "a.ipynb", name: "a" }, kernel: { name: "typescript" } });
    expect((await ask("/api/sessions", "POST", { path: "a.ipynb", type: "notebook" })).body.id).toBe(made.body.id);
    const path = `/api/sessions/${made.body.id}`;
    expect((await ask(path, "PATCH", { path: "b.ipynb" })).body).toMatchObject({ path: "b.ipynb", kernel: { id: made.body.kernel.id } });
    const other = await newKernel();
    expect((await ask(path, "PATCH", { kernel: { id: other } })).body.kernel.id).toBe(other);
    expect((await ask(path, "PATCH", { kernel: { id: "none" } })).status).toBe(404);
    expect((await ask("/api/sessions")).body.map((one: { id: string }) => one.id)).toContain(made.body.id);
    expect((await ask(path, "DELETE")).status).toBe(204);
    expect((await ask(`/api/kernels/${other}`)).status).toBe(404);
    expect((await ask(path)).status).toBe(404);
  });
  it("one person's kernels are missing to another", async () => {
    const mine = { "x-atelier-owner": "ws_1:ada" };
    const made = await ask("/api/kernels", "POST", {}, mine);
    expect((await ask("/api/kernels", "GET", undefined, mine)).body.map((one: { id: string }) => one.id)).toEqual([made.body.id]);
    const other = { "x-atelier-owner": "ws_1:bob" };
    expect((await ask("/api/kernels", "GET", undefined, other)).body).toEqual([]);
    for (const [path, method] of [
      ["", "GET"],
      ["", "DELETE"],
      ["/restart", "POST"],
      ["/execute", "GET"],
      ["/variables", "GET"],
    ])
      expect((await ask(`${made.location}${path}`, method, undefined, other)).status).toBe(404);
    await expect(openSocket(gateway.url, made.body.id, { headers: { ...headers, ...other } })).rejects.toThrow("404");
  });
  it("a snippet runs by POST and is asked for: pending, waiting for input, done with nbformat outputs", async () => {
    const id = await newKernel();
    const until = async (path: string, status: number) => {
      for (;;) {
        const answer = await ask(path);
        if (answer.status === status) return answer.body;
        if (answer.status !== 202) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const made = await ask(`/api/kernels/${id}/execute`, "POST", {
      code: "console.log('a'); display(1); (await input('n? ')) + 1",
      metadata: { cell_id: "c" },
    });
    expect(made.status).toBe(202);
    expect((await until(made.location!, 300)).input_request).toEqual({ prompt: "n? ", password: false });
    expect((await ask(`/api/kernels/${id}/execute`)).body).toMatchObject([{ metadata: { cell_id: "c" } }]);
    expect((await ask(`/api/kernels/${id}/input`, "POST", { input: "4" })).status).toBe(201);
    const done = await until(made.location!, 200);
    expect(done).toMatchObject({ status: "ok", execution_count: 1 });
    expect(JSON.parse(done.outputs)).toEqual([
      { output_type: "stream", name: "stdout", text: "a\n" },
      { output_type: "display_data", data: { "text/plain": "1" }, metadata: {} },
      { output_type: "execute_result", data: { "text/plain": "'41'" }, metadata: {}, execution_count: 1 },
    ]);
    expect((await ask(`/api/kernels/${id}/requests/none`)).status).toBe(404);
    expect((await ask(`/api/kernels/${id}/execute`, "POST", { wrong: 1 })).status).toBe(400);
  });
  it("variables are listed with type, shape, size and the execution that made them, and one can be looked at", async () => {
    const id = await newKernel();
    const { talk } = await open(id);
    await talk.run(
      "const losses = new Float32Array(500); const grid = Array.from({ length: 30 }, () => [1, 2, 3]); let name = 'Ada'; function twice(n: number) { return 2 * n }",
    );
    const { variables } = (await ask(`/api/kernels/${id}/variables`)).body;
    expect(variables).toMatchObject([
      { name: "grid", type: "array[]", shape: [30, 3], executionCount: 1 },
      { name: "losses", type: "Float32Array", shape: [500], sizeBytes: 2000 },
      { name: "name", type: "string", shape: null, preview: "'Ada'" },
      { name: "twice", type: "function", preview: "function twice(n        ) { return 2 * n }" },
    ]);
    const looked = (await ask(`/api/kernels/${id}/variables/losses`)).body;
    expect(looked.data["text/plain"]).toMatch(/^500 Float32Array\n/);
    expect((await ask(`/api/kernels/${id}/variables/process`)).body).toEqual({ found: false });
  });
});
