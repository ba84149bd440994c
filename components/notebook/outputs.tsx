"use client";
// What a cell has said, richest form first. HTML stands in a sandboxed frame without our origin; nothing is fetched from anywhere.
import Anser from "anser";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import Markdown from "react-markdown";
import remarkGfm from "remark-gfm";
import { VegaChart } from "#components/chart/vega-chart.tsx";
import { TableView } from "#components/notebook/table-view.tsx";
import { duration, Spark, Steel } from "#components/ui/figures.tsx";
import { State } from "#components/ui/state.tsx";
import { isCutNotice, type Output } from "#lib/sessions/contract.ts";

const lineLimit = 400;
const shortCharacters = 100_000;
const wideLineLimit = 20_000;
const wideCharacters = 1_000_000;

const Ansi = ({ text }: { text: string }) => (
  <>
    {Anser.ansiToJson(text, { use_classes: true, remove_empty: true }).map((part, i) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts have no identity but their place
      <span key={i} className={`${part.fg ?? ""} ${part.decoration === "bold" ? "strong" : ""}`}>
        {part.content}
      </span>
    ))}
  </>
);

/** Where the last so many lines begin, and never further back than so many characters: one line may be megabytes long. */
const startOfTail = (text: string, lines: number, characters: number): number => {
  let at = text.length;
  for (let i = 0; i < lines; i++) {
    at = text.lastIndexOf("\n", at - 1);
    if (at <= 0) return Math.max(0, text.length - characters);
    if (text.length - at > characters) return text.length - characters;
  }
  return at + 1;
};

/** Text of a stream; long ones show their end, and more of it on demand. Only the end is ever cut into lines: it is drawn while it grows. */
const Stream = ({ text, isError }: { text: string; isError: boolean }) => {
  const [isWide, setWide] = useState(false);
  const from = startOfTail(text, isWide ? wideLineLimit : lineLimit, isWide ? wideCharacters : shortCharacters);
  const shown = useMemo(() => <Ansi text={text.slice(from)} />, [text, from]);
  return (
    <div className={`stream ${isError ? "is-error" : ""}`}>
      {from > 0 && !isWide ? (
        <button type="button" className="lk dense" onClick={() => setWide(true)}>
          Show what came before
        </button>
      ) : null}
      <pre>{shown}</pre>
    </div>
  );
};

const frameHead = (isDark: boolean): string =>
  `<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; font-src data:"><style>:root{color-scheme:${isDark ? "dark" : "light"}}body{margin:0;font:13px/20px system-ui,sans-serif;background:transparent}table{border-collapse:collapse}td,th{padding:2px 10px 2px 0;text-align:left}</style>`;
const frameFoot =
  "<script>const tell=()=>parent.postMessage({atelierHeight:document.documentElement.scrollHeight},'*');new ResizeObserver(tell).observe(document.documentElement);tell()</script>";

/** HTML from a cell: scripts may run, but in nobody's name: no origin, no network, no way to the page around it. */
const Html = ({ html }: { html: string }) => {
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState(40);
  const [isDark, setDark] = useState(false);
  useEffect(() => {
    const chosen = document.documentElement.dataset.theme;
    setDark(chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
    const hear = (event: MessageEvent): void => {
      if (event.source !== frame.current?.contentWindow) return;
      const tall = Number((event.data as { atelierHeight?: number } | null)?.atelierHeight);
      if (Number.isFinite(tall)) setHeight(Math.min(2000, Math.max(20, tall)));
    };
    addEventListener("message", hear);
    return () => removeEventListener("message", hear);
  }, []);
  return (
    <iframe
      ref={frame}
      title="HTML made by this cell"
      sandbox="allow-scripts"
      srcDoc={frameHead(isDark) + html + frameFoot}
      style={{ width: "100%", height, border: 0 }}
    />
  );
};

type ProgressFacts = {
  state: "running" | "done" | "failed";
  fraction: number;
  sentence: string;
  etaSeconds?: number | null;
  curve?: number[];
  curveLabel?: string;
};

const Progress = ({ facts }: { facts: ProgressFacts }) => (
  <div className="prog">
    <div>
      <p className="row dense">
        <State of={facts.state}>{facts.state === "running" ? "Running" : facts.state === "done" ? "Done" : "Failed"}</State>
        <span className="soft grow">{facts.sentence}</span>
        {facts.state === "running" ? (
          <span className="soft">
            {Math.round(facts.fraction * 100)} %{facts.etaSeconds ? `, about ${duration(facts.etaSeconds * 1000)} left` : ""}
          </span>
        ) : null}
      </p>
      <Steel fraction={facts.fraction} sentence={facts.sentence} state={facts.state} />
    </div>
    {facts.curve && facts.curve.length > 1 ? (
      <span className={`dense ${facts.state === "running" ? "running" : "soft"} row`}>
        <Spark values={facts.curve} width={110} height={34} /> {facts.curve.at(-1)!.toFixed(3)} {facts.curveLabel}
      </span>
    ) : null}
  </div>
);

const text = (value: unknown): string =>
  Array.isArray(value) ? value.join("") : typeof value === "string" ? value : JSON.stringify(value, null, 2);
const svgAddress = (svg: string): string => `data:image/svg+xml;base64,${btoa(String.fromCharCode(...new TextEncoder().encode(svg)))}`;

/** The richest form of a bundle that we can show. */
const Bundle = ({ data }: { data: Record<string, unknown> }): ReactNode => {
  if (data["application/vnd.atelier.progress+json"])
    return <Progress facts={data["application/vnd.atelier.progress+json"] as ProgressFacts} />;
  if (data["application/vnd.atelier.table+json"]) return <TableView table={data["application/vnd.atelier.table+json"] as never} />;
  const chart = data["application/vnd.vegalite.v6+json"] ?? data["application/vnd.vegalite.v5+json"];
  if (chart) return <VegaChart spec={chart as Record<string, unknown>} label={text(data["text/plain"] ?? "Chart")} />;
  if (data["text/html"]) return <Html html={text(data["text/html"])} />;
  if (data["text/markdown"])
    return (
      <div className="md prose">
        <Markdown remarkPlugins={[remarkGfm]}>{text(data["text/markdown"])}</Markdown>
      </div>
    );
  // biome-ignore lint/performance/noImgElement: bytes made by a cell, not a file of ours
  if (data["image/svg+xml"]) return <img alt="Made by this cell" src={svgAddress(text(data["image/svg+xml"]))} />;
  const image = Object.keys(data).find((type) => /^image\/(png|jpeg|gif|webp)$/.test(type));
  // biome-ignore lint/performance/noImgElement: bytes made by a cell, not a file of ours
  if (image) return <img alt="Made by this cell" src={`data:${image};base64,${text(data[image])}`} style={{ maxWidth: "100%" }} />;
  if (data["application/json"] !== undefined) return <pre className="value">{JSON.stringify(data["application/json"], null, 2)}</pre>;
  return <pre className="value">{text(data["text/plain"] ?? "")}</pre>;
};

const One = ({ output }: { output: Output }) => {
  if (output.output_type === "stream") return <Stream text={output.text} isError={output.name === "stderr"} />;
  if (output.output_type === "error")
    return (
      <pre className="trace" role="alert">
        <Ansi text={output.traceback.length > 0 ? output.traceback.join("\n") : `${output.ename}: ${output.evalue}`} />
      </pre>
    );
  return <Bundle data={output.data} />;
};

/** Neighbouring parts of one stream are one text. */
const joined = (outputs: readonly (Output | null | undefined)[]): Output[] => {
  const all: Output[] = [];
  for (const one of outputs) {
    const last = all.at(-1);
    if (!one) continue;
    if (one.output_type === "stream" && last?.output_type === "stream" && last.name === one.name && !isCutNotice(one))
      all[all.length - 1] = { ...last, text: last.text + one.text };
    else all.push(one);
  }
  return all;
};

export const Outputs = ({ outputs }: { outputs: readonly Output[] }) => (
  <div className="out">
    {joined(outputs).map((output, i) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: an output's identity is its place
      <One key={i} output={output} />
    ))}
  </div>
);
