"use client";
// Vega-Lite with the house theme. Expressions are interpreted, not compiled (no eval), the loader refuses every address, and the chart is
// drawn again when day turns to night or the place it stands in changes its width.
import { useEffect, useRef, useState } from "react";
import theme from "#components/chart/vega-theme.json" with { type: "json" };

/** A Vega-Lite specification. */
export type Spec = Record<string, unknown>;

const isDark = (): boolean => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

const refuse = async (): Promise<never> => {
  throw new Error("Charts take inline data only.");
};

const draw = async (host: HTMLElement, spec: Spec): Promise<() => void> => {
  const [vega, lite, { expressionInterpreter }] = await Promise.all([import("vega"), import("vega-lite"), import("vega-interpreter")]);
  const config = theme[isDark() ? "dark" : "light"] as object;
  const width = spec.width === "container" || spec.width === undefined ? Math.max(160, host.clientWidth - 8) : spec.width;
  const whole = { ...spec, width, autosize: spec.autosize ?? { type: "fit", contains: "padding" } };
  const compiled = lite.compile(whole as never, { config: config as never }).spec;
  const loader = { ...vega.loader(), load: refuse, sanitize: refuse, http: refuse, file: refuse };
  const view = new vega.View(vega.parse(compiled, undefined, { ast: true }), {
    renderer: "svg",
    expr: expressionInterpreter as never,
    loader: loader as never,
    logLevel: vega.Error,
  });
  await view.initialize(host).runAsync();
  return () => void view.finalize();
};

const rowsOf = (spec: Spec): Record<string, unknown>[] => {
  const values = (spec.data as { values?: unknown } | undefined)?.values;
  return Array.isArray(values) ? (values as Record<string, unknown>[]).slice(0, 200) : [];
};

const AsTable = ({ rows }: { rows: Record<string, unknown>[] }) => {
  const names = Object.keys(rows[0] ?? {});
  return (
    <div className="wide" style={{ maxHeight: 300, overflow: "auto" }}>
      <table className="t compact">
        <thead>
          <tr>
            {names.map((name) => (
              <th key={name}>{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity
            <tr key={i}>
              {names.map((name) => (
                <td key={name}>{String(row[name])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};

/** A chart; `label` is its finding in words. */
export const VegaChart = ({ spec, label }: { spec: Spec; label: string }) => {
  const host = useRef<HTMLDivElement>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [isTable, setTable] = useState(false);
  const key = JSON.stringify(spec);
  useEffect(() => {
    const place = host.current;
    if (!place || isTable) return;
    let end: (() => void) | null = null;
    let isGone = false;
    let width = place.clientWidth;
    const again = (): void => {
      end?.();
      end = null;
      draw(place, JSON.parse(key) as Spec).then(
        (finalize) => {
          if (isGone) return finalize();
          end = finalize;
          setFailure(null);
        },
        (error: unknown) => !isGone && setFailure(error instanceof Error ? error.message : String(error)),
      );
    };
    again();
    const watch = new MutationObserver(again);
    watch.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", again);
    const size = new ResizeObserver(() => {
      if (Math.abs(place.clientWidth - width) < 8) return;
      width = place.clientWidth;
      again();
    });
    size.observe(place);
    return () => {
      isGone = true;
      end?.();
      watch.disconnect();
      size.disconnect();
      scheme.removeEventListener("change", again);
    };
  }, [key, isTable]);
  const rows = rowsOf(spec);
  return (
    <figure className="chart">
      {isTable ? <AsTable rows={rows} /> : <div ref={host} role="img" aria-label={label} style={{ minHeight: 40 }} />}
      {failure ? <p className="problem">The chart could not be drawn: {failure}</p> : null}
      {rows.length > 0 ? (
        <button type="button" className="astable" onClick={() => setTable(!isTable)}>
          {isTable ? "Show as chart" : "Read as table"}
        </button>
      ) : null}
    </figure>
  );
};
