// JupyterLab's own client library and the published cell-run API against the public port, as a person with an API token.
import { KernelManager, KernelSpecManager, ServerConnection, SessionManager } from "@jupyterlab/services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import * as notebooks from "#lib/notebooks/contract.ts";
import * as sessions from "#lib/sessions/contract.ts";
import { murmurOf } from "#lib/sessions/murmur.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { openSocket } from "#test/kit/jupyter.ts";

let house: House;
beforeAll(async () => {
  house = await openHouse({ kernel: true });
});
afterAll(() => house.close());

const settingsOf = (token: string) =>
  ServerConnection.makeSettings({
    baseUrl: `${house.url}/`,
    wsUrl: house.url.replace("http", "ws"),
    token,
    appendToken: true,
    fetch,
    WebSocket: WebSocket as never,
  });

describe("@jupyterlab/services", () => {
  it("finds the kernel, opens a session, runs cells, asks for input, interrupts, restarts and ends it", async () => {
    const serverSettings = settingsOf(house.tokens.editor);
    const specs = new KernelSpecManager({ serverSettings });
    await specs.ready;
    expect(specs.specs!.kernelspecs.typescript!.display_name).toBe("TypeScript (Atelier)");
    const kernels = new KernelManager({ serverSettings });
    const manager = new SessionManager({ serverSettings, kernelManager: kernels });
    await manager.ready;
    const session = await manager.startNew({ path: "lab.ipynb", name: "lab", type: "notebook", kernel: { name: "typescript" } });
    const kernel = session.kernel!;
    expect((await kernel.info).language_info.name).toBe("typescript");
    const heard: string[] = [];
    const future = kernel.requestExecute({
      code: "console.log('from the lab'); const answer = await input('? '); answer.length",
      allow_stdin: true,
    });
    future.onIOPub = (message) => void heard.push(message.header.msg_type);
    future.onStdin = () => kernel.sendInputReply({ status: "ok", value: "four" }, future.msg.header as never);
    expect((await future.done).content.status).toBe("ok");
    expect(heard).toEqual(["status", "execute_input", "stream", "execute_result", "status"]);
    expect((await kernel.requestComplete({ code: "answe", cursor_pos: 5 })).content).toMatchObject({ matches: ["answer"] });
    const endless = kernel.requestExecute({ code: "while (true) {}" });
    await new Promise<void>((resolve) => {
      endless.onIOPub = (message) => void (message.header.msg_type === "execute_input" && resolve());
    });
    await kernel.interrupt();
    expect((await endless.done).content).toMatchObject({ status: "error", ename: "Interrupted" });
    expect((await kernel.requestExecute({ code: "answer" }).done).content.status).toBe("ok");
    await kernel.restart();
    const gone = (await kernel.requestExecute({ code: "answer" }).done).content;
    expect(gone).toMatchObject({ status: "error", ename: "ReferenceError" });
    await session.shutdown();
    await manager.refreshRunning();
    expect([...manager.running()]).toEqual([]);
    for (const one of [specs, manager, kernels]) one.dispose();
  });
});

describe("the public face", () => {
  const ask = async (path: string, token: string | null, method = "GET", body?: unknown) => {
    const answer = await fetch(`${house.url}${path}`, {
      method,
      headers: { "content-type": "application/json", ...(token ? { authorization: `token ${token}` } : {}) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text ? JSON.parse(text) : null };
  };
  it("refuses nobody and viewers, and another person's kernels are missing", async () => {
    for (const path of ["/api/me", "/api/kernels", "/api/sessions", "/api/status"]) expect((await ask(path, null)).status).toBe(401);
    expect((await ask("/api/kernels", house.tokens.viewer, "POST", {})).status).toBe(403);
    const { id } = (await ask("/api/kernels", house.tokens.editor, "POST", {})).body;
    for (const who of ["operator", "stranger"] as const) {
      expect((await ask(`/api/kernels/${id}`, house.tokens[who])).status).toBe(404);
      expect((await ask("/api/kernels", house.tokens[who])).body).toEqual([]);
      await expect(openSocket(house.url, id, { headers: { authorization: `token ${house.tokens[who]}` } })).rejects.toThrow("404");
    }
    expect((await ask(`/api/kernels/${id}`, house.tokens.editor, "DELETE")).status).toBe(204);
    expect((await ask("/api/me", house.tokens.editor)).body.identity).toMatchObject({ name: "editor", initials: "E" });
  });
  it("a stock client cannot make or read a notebook's own kernel", async () => {
    expect((await ask("/api/kernels", house.tokens.editor, "POST", { atelier: { kernelId: "mine" } })).status).toBe(400);
  });
  it("runs cells of a document by their hash: all checked first, a moved source is a mismatch, a request id runs once", async () => {
    const source = "const n = 20; n + 1 /* é𝒙 */";
    const { id: notebook } = await house.as("editor")(notebooks.createNotebook, {
      workspace: "main",
      title: "by hash",
      cells: [{ cellType: "code" as const, source }],
    });
    const [cell] = (await house.as("editor")(notebooks.readNotebook, { workspace: "main", notebook })).cells;
    const { kernelId } = await house.as("editor")(sessions.startSession, { workspace: "main", notebook });
    const path = `/api/kernels/${kernelId}/execute`;
    const body = { document_id: notebook, cells: [{ cell_id: cell!.id, source_hash: murmurOf(source) }], request_id: "r1" };
    expect(await ask(path, house.tokens.editor, "POST", body)).toEqual({ status: 200, body: null });
    expect(await ask(path, house.tokens.editor, "POST", body)).toEqual({ status: 200, body: null });
    const moved = { ...body, cells: [{ cell_id: cell!.id, source_hash: "1" }], request_id: "r2" };
    expect(await ask(path, house.tokens.editor, "POST", moved)).toEqual({
      status: 409,
      body: { error: "source_mismatch", cell_id: cell!.id },
    });
    expect((await ask(path, house.tokens.editor, "POST", { cells: [] })).status).toBe(400);
    expect((await ask(path, house.tokens.viewer, "POST", body)).status).toBe(403);
    for (;;) {
      const { cells } = await house.as("viewer")(sessions.readOutputs, { workspace: "main", notebook });
      if (cells[0] && !sessions.isPending(cells[0].status)) {
        expect(cells[0]).toMatchObject({ status: "done", executionCount: 1 });
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  });
  it("MurmurHash2 agrees with its published values", () => {
    expect([murmurOf(""), murmurOf("a"), murmurOf("test")]).toEqual(["0", "2456313694", "403862830"]);
  });
});
