// A session's only way out: a unix socket that forwards HTTP to the web process for the product's own paths, adding the session's token
// here, outside the sandbox. What a cell sends as authorization or address is thrown away.

import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "#lib/kit/env.ts";
import { forward } from "#lib/kit/forward.ts";

export type Door = { folder: string; setToken: (token: string) => void; close: () => void };

const isOurs = /^\/(api\/v1|v2|v1)(\/|\?|$)/;

/** Opens a door; the path stays short because a unix socket's name holds 107 bytes. */
export const openDoor = async (): Promise<Door> => {
  const folder = mkdtempSync(join(tmpdir().length < 60 ? tmpdir() : "/tmp", "atl-"));
  chmodSync(folder, 0o755);
  mkdirSync(folder, { recursive: true });
  let token = "";
  const web = new URL(env.webUrl);
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    if (!isOurs.test(path) || path.includes(".."))
      return void response
        .writeHead(403, { "content-type": "application/json" })
        .end('{"error":{"kind":"forbidden","code":"door.path","message":"A cell reaches only Atelier itself: /api/v1 and /v2."}}');
    request.headers.cookie = undefined;
    request.headers.origin = undefined;
    forward(
      request,
      response,
      web,
      { authorization: `Bearer ${token}` },
      (answer) =>
        void answer
          .writeHead(503, { "content-type": "application/json" })
          .end(
            '{"error":{"kind":"unavailable","code":"door.web","message":"Atelier does not answer at this moment. Run the cell again in a few seconds."}}',
          ),
    );
  });
  // A cell that computes for a while hears nothing meanwhile, so an idle connection closed on this side would be written to and lost.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(join(folder, "door"), resolve));
  chmodSync(join(folder, "door"), 0o666);
  return {
    folder,
    setToken: (next) => {
      token = next;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
