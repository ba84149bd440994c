"use client";
// One request by hand: the sample, or whatever somebody writes, sent as Open Inference V2; the answer or the refusal beneath it, and the
// same request as a line for a terminal.
import { useState } from "react";
import { Dialog } from "#components/ui/dialog.tsx";
import { call } from "#lib/kit/call.ts";
import { type EndpointPage, tryRequest } from "#lib/serving/contract.ts";
import { columnOfOutput, type InferRequest, type InferResponse } from "#lib/serving/inference/contract.ts";

type Answer = { response: InferResponse; tookMs: number };

/** The first row of a sample: enough to try with. */
const oneRow = (sample: InferRequest | null): InferRequest => ({
  inputs: (sample?.inputs ?? []).map((input) => ({ ...input, shape: [1, ...input.shape.slice(1)], data: input.data.slice(0, 1) })),
});

const written = (request: InferRequest): string =>
  `{\n  "inputs": [\n${request.inputs.map(({ name, datatype, shape, data }) => `    ${JSON.stringify({ name, datatype, shape, data })}`).join(",\n")}\n  ]\n}`;

const Outputs = ({ answer }: { answer: Answer }) => (
  <div className="answer">
    <p className="dense soft">
      Answered in {answer.tookMs.toFixed(0)} ms by version {answer.response.model_version ?? "–"}
    </p>
    <dl className="pairs">
      {answer.response.outputs.map((output) => (
        <div key={output.name} style={{ display: "contents" }}>
          <dt className="mono">{output.name}</dt>
          <dd className="mono">{JSON.stringify(columnOfOutput(output).slice(0, 8))}</dd>
        </div>
      ))}
    </dl>
  </div>
);

export const TryDialog = ({ workspace, endpoint, onClose }: { workspace: string; endpoint: EndpointPage; onClose: () => void }) => {
  const [text, setText] = useState(() => written(oneRow(endpoint.sample)));
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  const send = async (): Promise<void> => {
    setProblem(null);
    setAnswer(null);
    let request: InferRequest;
    try {
      request = JSON.parse(text) as InferRequest;
    } catch (error) {
      return setProblem(`This is not JSON: ${(error as Error).message}.`);
    }
    setBusy(true);
    const startedAt = performance.now();
    try {
      const response = await call(tryRequest, { workspace, endpoint: endpoint.id, request });
      setAnswer({ response, tookMs: performance.now() - startedAt });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  const line = `curl -H "Authorization: Bearer $TOKEN" -d @request.json \\\n  ${typeof location === "undefined" ? "" : location.origin}/v2/models/${endpoint.name}/infer`;
  return (
    <Dialog
      title={`Try a request at ${endpoint.name}`}
      verb="Send"
      safe="Close"
      isWide
      isBusy={isBusy}
      problem={problem}
      onClose={onClose}
      onVerb={send}
    >
      <label className="field">
        <span>Request, Open Inference V2</span>
        <textarea
          className="mono"
          rows={Math.min(14, 5 + (endpoint.sample?.inputs.length ?? 3))}
          value={text}
          spellCheck={false}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      {answer ? <Outputs answer={answer} /> : null}
      <p className="dense">
        It is logged and counted like any other. From a terminal, with a token from Settings:
        <code className="line mono">{line}</code>
      </p>
    </Dialog>
  );
};
