// The 26 checks of the Jupyter project's kernel testbed, written once over a conversation, so that they run over any wire.
import { expect } from "vitest";
import { executeContent, type Talk } from "#test/kit/jupyter.ts";

export type Subject = {
  talk: Talk;
  /** Echoes bytes on the heartbeat, or proves that the connection answers where there is no such socket. */
  beat: (bytes: string) => Promise<string>;
  /** Resolves when a shutdown has ended the kernel. */
  gone: () => Promise<unknown>;
};
type Check = (subject: Subject) => Promise<void>;

const info = async ({ talk }: Subject) => (await talk.ask("kernel_info_request")).reply as Record<string, unknown>;
const types = (made: { iopub: { header: { msg_type: string } }[] }): string[] => made.iopub.map((one) => one.header.msg_type);

/** In the order to run them; the last ends the kernel. */
export const checks: Record<string, Check> = {
  heartbeat_responds: async ({ beat }) => {
    expect(await beat("ping 1")).toBe("ping 1");
  },
  kernel_info_reply_valid: async (subject) => {
    expect(await info(subject)).toMatchObject({ status: "ok", implementation: expect.any(String), banner: expect.any(String) });
  },
  kernel_info_has_language_info: async (subject) => {
    expect((await info(subject)).language_info).toMatchObject({ name: "typescript", mimetype: expect.any(String), file_extension: ".ts" });
  },
  kernel_info_has_protocol_version: async (subject) => {
    expect((await info(subject)).protocol_version).toMatch(/^5\.\d+$/);
  },
  execute_stdout: async ({ talk }) => {
    expect((await talk.run("console.log('hello, world')")).stdout).toBe("hello, world\n");
  },
  execute_stderr: async ({ talk }) => {
    const streams = (await talk.run("console.error('oops')")).of("stream");
    expect(streams.map((one) => one.content)).toEqual([{ name: "stderr", text: "oops\n" }]);
  },
  execute_reply_ok: async ({ talk }) => {
    expect((await talk.run("1 + 1")).reply).toMatchObject({ status: "ok", execution_count: expect.any(Number), payload: [] });
  },
  status_busy_idle_lifecycle: async ({ talk }) => {
    const { iopub } = await talk.run("1 + 1");
    expect(iopub[0]!.content.execution_state).toBe("busy");
    expect(iopub.at(-1)!.content.execution_state).toBe("idle");
    expect(iopub.filter((one) => one.header.msg_type === "status").length).toBe(2);
  },
  execute_input_broadcast: async ({ talk }) => {
    const { of, reply } = await talk.run("const shown = 1");
    expect(of("execute_input")[0]!.content).toEqual({ code: "const shown = 1", execution_count: reply.execution_count });
  },
  complete_request: async ({ talk }) => {
    await talk.run("const subject = { alpha: 1 }");
    expect((await talk.ask("complete_request", { code: "subject.al", cursor_pos: 10 })).reply).toMatchObject({
      status: "ok",
      matches: ["alpha"],
    });
  },
  inspect_request: async ({ talk }) => {
    expect((await talk.ask("inspect_request", { code: "subject", cursor_pos: 7, detail_level: 0 })).reply).toMatchObject({
      status: "ok",
      found: true,
      data: { "text/plain": expect.any(String) },
    });
  },
  is_complete_complete: async ({ talk }) => {
    expect((await talk.ask("is_complete_request", { code: "const a = 1" })).reply.status).toBe("complete");
  },
  is_complete_incomplete: async ({ talk }) => {
    expect((await talk.ask("is_complete_request", { code: "for (const a of [1]) {" })).reply.status).toBe("incomplete");
  },
  history_request: async ({ talk }) => {
    const { reply } = await talk.ask("history_request", { hist_access_type: "tail", n: 2, output: false, raw: true });
    expect((reply.history as unknown[]).length).toBe(2);
  },
  comm_info_request: async ({ talk }) => {
    expect((await talk.ask("comm_info_request", {})).reply).toEqual({ status: "ok", comms: {} });
  },
  error_handling: async ({ talk }) => {
    const { of, reply } = await talk.run("this is not valid {");
    expect(reply).toMatchObject({ status: "error", ename: expect.any(String), evalue: expect.any(String), traceback: expect.any(Array) });
    expect(of("error").length).toBe(1);
  },
  display_data: async ({ talk }) => {
    const { of } = await talk.run("display(html`<b>bold</b>`)");
    expect(of("display_data")[0]!.content.data).toMatchObject({ "text/html": "<b>bold</b>", "text/plain": expect.any(String) });
  },
  update_display_data: async ({ talk }) => {
    const { of } = await talk.run("const place = display('before', { display_id: 'place' }); place.update('after')");
    expect(of("update_display_data")[0]!.content).toMatchObject({ transient: { display_id: "place" }, data: { "text/plain": "'after'" } });
  },
  execute_result: async ({ talk }) => {
    const { of, reply } = await talk.run("6 * 7");
    expect(of("execute_result")[0]!.content).toEqual({
      data: { "text/plain": "42" },
      metadata: {},
      execution_count: reply.execution_count,
    });
  },
  rich_execute_result: async ({ talk }) => {
    expect((await talk.run("svg`<svg/>`")).result).toMatchObject({ "image/svg+xml": "<svg/>", "text/plain": expect.any(String) });
  },
  stdin_input_request: async ({ talk }) => {
    const id = talk.send("execute_request", executeContent("await input('name: ')", { allow_stdin: true }));
    const question = await talk.until(() => talk.about(id).find((one) => one.channel === "stdin"));
    expect(question.msg).toMatchObject({ header: { msg_type: "input_request" }, content: { prompt: "name: ", password: false } });
    talk.send("input_reply", { value: "testbed" }, { channel: "stdin" });
    expect((await talk.ended(id)).reply.status).toBe("ok");
  },
  comms_lifecycle: async ({ talk }) => {
    await talk.run("const wires = await import('atelier'); wires.comms.register('t', (comm) => comm.onMessage((m) => comm.send(m.data)))");
    await talk.ask("comm_open", { comm_id: "life", target_name: "t", data: {} });
    const echoed = await talk.ask("comm_msg", { comm_id: "life", data: { n: 1 } });
    expect(echoed.iopub.find((one) => one.header.msg_type === "comm_msg")!.content.data).toEqual({ n: 1 });
    await talk.ask("comm_close", { comm_id: "life", data: {} });
    expect((await talk.ask("comm_info_request", {})).reply.comms).toEqual({});
  },
  interrupt_request: async ({ talk }) => {
    await talk.run("var kept = 'still here'");
    const id = talk.send("execute_request", executeContent("while (true) {}"));
    await talk.until(() => talk.about(id).find((one) => one.msg.header.msg_type === "execute_input"));
    expect((await talk.ask("interrupt_request", {}, { channel: "control" })).reply.status).toBe("ok");
    expect((await talk.ended(id)).reply).toMatchObject({ status: "error", ename: "Interrupted" });
    expect((await talk.run("kept")).text).toBe("'still here'");
  },
  execution_count_increments: async ({ talk }) => {
    const first = Number((await talk.run("1")).reply.execution_count);
    expect((await talk.run("2")).reply.execution_count).toBe(first + 1);
  },
  parent_header_correlation: async ({ talk }) => {
    const made = await talk.run("console.log('a'); display(1); 2");
    expect(types(made)).toEqual(["status", "execute_input", "stream", "display_data", "execute_result", "status"]);
    for (const { msg } of made.messages)
      expect(msg.parent_header).toMatchObject({ msg_id: made.id, session: talk.session, msg_type: "execute_request" });
  },
  shutdown_reply: async ({ talk, gone }) => {
    const { reply } = await talk.ask("shutdown_request", { restart: false }, { channel: "control" });
    expect(reply).toEqual({ status: "ok", restart: false });
    await gone();
  },
};
