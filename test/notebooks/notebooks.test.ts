// The notebooks room over HTTP and over real y-websocket clients.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import * as contract from "#lib/notebooks/contract.ts";
import { orderedCells, readCells, textOf } from "#lib/notebooks/document.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { refusal, refusals } from "#test/kit/refusals.ts";

let house: House;
let notebook: string;
beforeAll(async () => {
  house = await openHouse();
  notebook = (await house.as("editor")(contract.createNotebook, { ...main, title: "First" })).id;
});
afterAll(() => house.close());
const main = { workspace: "main" };

const until = async (what: () => boolean | Promise<boolean>, limitMs = 90_000): Promise<void> => {
  const end = Date.now() + limitMs;
  while (!(await what())) {
    if (Date.now() > end) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
};

const join = (id: string, token: string, params: Record<string, string> = {}) => {
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(`${house.url.replace("http", "ws")}/sync`, id, doc, {
    params: { token, ...params },
    WebSocketPolyfill: WebSocket as never,
    disableBc: true,
  });
  const saved: number[] = [];
  provider.messageHandlers[contract.syncSavedMessage] = (_encoder, decoder) => {
    saved.push(decoder.arr[decoder.pos] ?? 0);
  };
  let closed: number | null = null;
  provider.on("connection-close", (event) => (closed = (event as { code?: number } | null)?.code ?? null));
  return { doc, provider, saved, closedWith: () => closed, leave: () => provider.destroy() };
};
const stored = async (id: string) =>
  (await house.as("viewer")(contract.readNotebook, { ...main, notebook: id })).cells.map((cell) => cell.source);

describe("refusals", () => {
  refusals(
    () => house,
    contract.listNotebooks,
    () => main,
    { minimumRole: "viewer" },
  );
  refusals(
    () => house,
    contract.createNotebook,
    () => main,
    { minimumRole: "editor", bad: { title: "" } },
  );
  refusals(
    () => house,
    contract.readNotebook,
    () => ({ ...main, notebook }),
    { minimumRole: "viewer" },
  );
  refusals(
    () => house,
    contract.renameNotebook,
    () => ({ ...main, notebook, title: "x" }),
    { minimumRole: "editor", bad: { title: 4 } },
  );
  refusals(
    () => house,
    contract.deleteNotebook,
    () => ({ ...main, notebook }),
    { minimumRole: "owner" },
  );
  it("unknown is missing, in use is not deleted", async () => {
    expect((await refusal(house.as("owner")(contract.readNotebook, { ...main, notebook: "nb_absent000" }))).status).toBe(404);
    expect((await refusal(house.as("owner")(contract.deleteNotebook, { ...main, notebook }))).code).toBe("notebooks.not_trashed");
  });
});

describe("life", () => {
  it("a new notebook has one empty code cell; trash and restore lose nothing", async () => {
    const made = await house.as("editor")(contract.createNotebook, { ...main, title: "Life" });
    expect((await house.as("viewer")(contract.readNotebook, { ...main, notebook: made.id })).cells).toMatchObject([
      { cellType: "code", source: "" },
    ]);
    await house.as("editor")(contract.trashNotebook, { ...main, notebook: made.id });
    expect((await house.as("viewer")(contract.listNotebooks, main)).items.map((one) => one.title)).not.toContain("Life");
    expect((await house.as("editor")(contract.restoreNotebook, { ...main, notebook: made.id })).trashedAt).toBeNull();
  });
});

describe("co-editing", () => {
  it("N2 two people converge, and what is said to be saved is on disk", async () => {
    const [a, b] = [join(notebook, house.tokens.editor), join(notebook, house.tokens.owner)];
    await until(() => a.provider.synced && b.provider.synced);
    const before = a.saved.length;
    textOf(orderedCells(a.doc)[0]!).insert(0, "const a = 1;");
    await until(() => readCells(b.doc)[0]?.source === "const a = 1;");
    await until(() => a.saved.length > before);
    expect(await stored(notebook)).toEqual(["const a = 1;"]);
    a.leave();
    b.leave();
  });
  it("people see each other's presence, and it goes when they go", async () => {
    const [a, b] = [join(notebook, house.tokens.editor), join(notebook, house.tokens.viewer)];
    await until(() => a.provider.synced && b.provider.synced);
    b.provider.awareness.setLocalStateField("user", { name: "Vera" });
    await until(() =>
      [...a.provider.awareness.getStates().values()].some((state) => (state.user as { name?: string } | undefined)?.name === "Vera"),
    );
    b.leave();
    await until(
      () => ![...a.provider.awareness.getStates().values()].some((state) => (state.user as { name?: string } | undefined)?.name === "Vera"),
    );
    a.leave();
  });
  it("N5 a viewer's edit reaches nobody", async () => {
    const [a, viewer] = [join(notebook, house.tokens.editor), join(notebook, house.tokens.viewer)];
    await until(() => a.provider.synced && viewer.provider.synced);
    textOf(orderedCells(viewer.doc)[0]!).insert(0, "HACK");
    textOf(orderedCells(a.doc)[0]!).insert(0, "// mine\n");
    await until(() => readCells(viewer.doc)[0]!.source.includes("// mine"));
    expect(readCells(a.doc)[0]!.source).not.toContain("HACK");
    a.leave();
    viewer.leave();
  });
  it("N1 N6 no token, a stranger, an unknown notebook and another epoch are closed for good", async () => {
    const cases = [
      [join(notebook, ""), 4401],
      [join(notebook, house.tokens.stranger), 4404],
      [join("nb_absent000", house.tokens.editor), 4404],
      [join(notebook, house.tokens.editor, { epoch: "9" }), 4409],
    ] as const;
    for (const [client, code] of cases) {
      await until(() => client.closedWith() !== null);
      expect(client.closedWith()).toBe(code);
      client.leave();
    }
  });
  it("N6 a garbage frame closes its own socket only", async () => {
    const a = join(notebook, house.tokens.editor);
    await until(() => a.provider.synced);
    const raw = new WebSocket(`${house.url.replace("http", "ws")}/sync/${notebook}?token=${house.tokens.editor}`);
    const code = await new Promise<number>((resolve) => {
      raw.once("open", () => setTimeout(() => raw.send(Buffer.from([0, 2, 255, 255, 255, 255, 255])), 200));
      raw.once("close", resolve);
    });
    expect(code).toBe(1003);
    textOf(orderedCells(a.doc)[0]!).insert(0, "//");
    await until(async () => (await stored(notebook))[0]!.startsWith("//"));
    a.leave();
  });
  it("N3 compacting keeps the document equal", async () => {
    const made = await house.as("editor")(contract.createNotebook, { ...main, title: "Long" });
    const a = join(made.id, house.tokens.editor);
    await until(() => a.provider.synced);
    const { appendUpdate, readHistory } = await import("#lib/notebooks/store.ts");
    const { sql } = await import("#db");
    a.leave();
    const doc = new Y.Doc();
    for (const part of (await readHistory(sql(), made.id)).parts) Y.applyUpdate(doc, part);
    const updates: Uint8Array[] = [];
    doc.on("update", (update: Uint8Array) => updates.push(update));
    for (let i = 0; i < 310; i++) textOf(orderedCells(doc)[0]!).insert(i, String(i % 10));
    for (const bytes of updates) await appendUpdate(made.id, { bytes, by: "test", at: new Date(), cellCount: 1 });
    const b = join(made.id, house.tokens.editor);
    await until(() => b.provider.synced && readCells(b.doc)[0]?.source.length === 310);
    textOf(orderedCells(b.doc)[0]!).insert(0, "x");
    await until(async () => (await readHistory(sql(), made.id)).updates < 5);
    expect((await stored(made.id))[0]).toBe(`x${readCells(doc)[0]!.source}`);
    b.leave();
  });
});
