// Jupyter's own Python clients against the installed kernelspec: the kernel test suite, nbclient and jupyter_client, all unmodified.
// Skipped where there is no Python with them.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pythonWith, runPython } from "#test/kit/python.ts";
import { installSpec } from "#test/kit/zmq.ts";

const suite = `
import sys, unittest
import jupyter_kernel_test as jkt

class AtelierTests(jkt.KernelTests):
    kernel_name = "atelier-typescript"
    language_name = "typescript"
    file_extension = ".ts"
    code_hello_world = "console.log('hello, world')"
    code_stderr = "console.error('test')"
    code_execute_result = [{"code": "6 * 7", "result": "42"}, {"code": "'a' + 'b'", "result": "'ab'"}]
    code_display_data = [{"code": "display(html\`<b>x</b>\`)", "mime": "text/html"}, {"code": "display(svg\`<svg/>\`)", "mime": "image/svg+xml"}]
    code_generate_error = "throw new Error('on purpose')"
    code_inspect_sample = "JSON"
    code_clear_output = "clear()"
    complete_code_samples = ["const a = 1", "function f() { return 1 }", "await Promise.resolve(2)"]
    incomplete_code_samples = ["function f() {", "const a = [1, 2,", "\`text"]
    invalid_code_samples = ["const = = 3", "let 1a = 2"]
    completion_samples = [{"text": "JSON.stringif", "matches": {"stringify"}}, {"text": "Math.flo", "matches": {"floor"}}]
    code_history_pattern = "6*7"
    supported_history_operations = ("tail", "range", "search")
    code_page_something = None

result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromTestCase(AtelierTests))
print("RESULT", result.testsRun, len(result.failures), len(result.errors), len(result.skipped))
sys.exit(0 if result.wasSuccessful() else 1)
`;

const notebook = `
import nbformat, nbclient
nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in [
    "const rows = [{ a: 1 }, { a: 2 }]; rows",
    "for (const row of rows) console.log(row.a)",
    "await new Promise((r) => setTimeout(r, 30)); html\`<b>\${rows.length}</b>\`",
    "throw new TypeError('wanted')",
]])
nb.cells[3].metadata["tags"] = ["raises-exception"]
nbclient.NotebookClient(nb, kernel_name="atelier-typescript", timeout=60).execute()
nbformat.validate(nb)
print("TABLE", "application/vnd.atelier.table+json" in nb.cells[0].outputs[0].data)
print("TEXT", repr(nb.cells[1].outputs[0].text))
print("HTML", nb.cells[2].outputs[0].data["text/html"], nb.cells[2].execution_count)
print("ERROR", nb.cells[3].outputs[0].ename)
`;

const client = `
from jupyter_client.manager import start_new_kernel
from jupyter_client.kernelspec import KernelSpecManager
print("LISTED", "atelier-typescript" in KernelSpecManager().find_kernel_specs())
manager, kc = start_new_kernel(kernel_name="atelier-typescript")
kc.execute_interactive("var kept = 41", timeout=30)
msg_id = kc.execute("while (true) {}")
import time; time.sleep(0.5)
manager.interrupt_kernel()
reply = kc.get_shell_msg(timeout=10)
while reply["parent_header"].get("msg_id") != msg_id: reply = kc.get_shell_msg(timeout=10)
print("STOPPED", reply["content"]["ename"])
out = []
kc.execute_interactive("console.log(kept + 1)", timeout=30, output_hook=lambda m: out.append(m["content"].get("text")) if m["msg_type"] == "stream" else None)
print("KEPT", "".join(out).strip())
print("ALIVE", kc.hb_channel.is_beating())
manager.restart_kernel(); kc.wait_for_ready(timeout=30)
out = []
kc.execute_interactive("console.log(typeof kept)", timeout=30, output_hook=lambda m: out.append(m["content"].get("text")) if m["msg_type"] == "stream" else None)
print("RESTARTED", "".join(out).strip())
kc.stop_channels(); manager.shutdown_kernel()
print("GONE", not manager.is_alive())
`;

const python = pythonWith("jupyter_client", "nbclient", "jupyter_kernel_test");

describe.skipIf(!python)(
  `Jupyter's Python clients (${python ?? "no Python with jupyter_client, nbclient and jupyter_kernel_test here"})`,
  () => {
    let spec: ReturnType<typeof installSpec>;
    let env: Record<string, string>;
    beforeAll(() => {
      spec = installSpec();
      env = { JUPYTER_PATH: `${spec.prefix}/share/jupyter` };
    });
    afterAll(() => spec.remove());
    it("jupyter_kernel_test passes whole", async () => {
      const { code, output } = await runPython(python!, suite, env);
      expect(output).toMatch(/RESULT \d+ 0 0/);
      expect(code).toBe(0);
    }, 200_000);
    it("nbclient runs a notebook unchanged", async () => {
      const { output } = await runPython(python!, notebook, env);
      expect(output).toContain("TABLE True");
      expect(output).toContain(String.raw`TEXT '1\n2\n'`);
      expect(output).toContain("HTML <b>2</b> 3");
      expect(output).toContain("ERROR TypeError");
    });
    it("jupyter_client lists, starts, interrupts with variables kept, restarts and ends it", async () => {
      const { output } = await runPython(python!, client, env);
      for (const line of ["LISTED True", "STOPPED Interrupted", "KEPT 42", "ALIVE True", "RESTARTED undefined", "GONE True"])
        expect(output).toContain(line);
    });
  },
);
