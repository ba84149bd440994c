// What a kernelspec starts: one kernel behind the sockets of the connection file given as the only argument. It ends when it is shut
// down, when its parent goes, and on SIGTERM; SIGINT is Stop. Cells work in the folder it was started in.
import { readFileSync } from "node:fs";
import { adviseBy } from "#kernel/jupyter/advice.ts";
import type { Connection } from "#kernel/jupyter/zmq/front.ts";
import { type Kernel, makeKernel } from "#kernel/kernel.ts";
import { askAboutCells } from "#kernel/language/asking.ts";
import { openLanguageService } from "#kernel/language/service.ts";

const parentCheckMs = 1000;

const read = (path: string): Connection => {
  const connection = JSON.parse(readFileSync(path, "utf8")) as Connection;
  if (connection.signature_scheme && connection.signature_scheme !== "hmac-sha256")
    throw new Error(`This kernel signs with hmac-sha256, and the connection file wants ${connection.signature_scheme}.`);
  return connection;
};

const [path] = process.argv.slice(2);
if (!path) {
  process.stderr.write("Give the connection file: it is what Jupyter passes to a kernel.\n");
  process.exit(2);
}

let end: () => void = () => process.exit(0);
const language = openLanguageService();
const kernel: Kernel = await makeKernel({
  isKept: false,
  workDir: process.cwd(),
  gone: () => end(),
  advise: adviseBy((notebook, cells, ask) => askAboutCells(language, notebook, cells, ask, kernel)),
});
const { openFront } = await import("#kernel/jupyter/zmq/front.ts"); // the session starts meanwhile
const front = await openFront(kernel, read(path));
end = () => {
  language.close();
  const last = Promise.race([front.flushed(), new Promise((resolve) => setTimeout(resolve, 2000))]);
  void last.then(() => {
    front.close();
    setTimeout(() => process.exit(0), 100); // the sockets' threads hand over what they hold
  });
};

process.on("SIGINT", () => kernel.interrupt());
process.once("SIGTERM", () => kernel.remove());
const parent = process.ppid;
setInterval(() => process.ppid === parent || kernel.remove(), parentCheckMs).unref();
