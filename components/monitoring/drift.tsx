"use client";
// Drift feature by feature as small multiples: PSI over time under its dotted limit, the most drifted first. Each opens the two
// distributions that its number compares.
import { useEffect, useState } from "react";
import { VegaChart } from "#components/chart/vega-chart.tsx";
import { distributionSpec } from "#components/monitoring/charts.ts";
import { Dialog } from "#components/ui/dialog.tsx";
import { whole } from "#components/ui/figures.tsx";
import { StateGlyph } from "#components/ui/state.tsx";
import { call } from "#lib/kit/call.ts";
import { type Distribution, type Drift, type Feature, readDistribution } from "#lib/monitoring/contract.ts";

const width = 117;
const height = 56;

/** A curve of PSI with the limit dotted at its height; the scale is one for all features. */
const Curve = ({ feature, limit, top }: { feature: Feature; limit: number; top: number }) => {
  const y = (psi: number): number => height - 2 - (Math.min(psi, top) / top) * (height - 8);
  const points = feature.history;
  const x = (i: number): number => (points.length < 2 ? width - 4 : 1 + (i / (points.length - 1)) * (width - 5));
  const path = points.map((point, i) => `${i === 0 ? "M" : "L"}${x(i).toFixed(1)} ${y(point.psi).toFixed(1)}`).join("");
  const last = points.at(-1);
  return (
    <svg width={width} height={height} aria-hidden="true" className="driftcurve">
      <path d={`M0 ${y(limit)}H${width}`} className="limit" />
      {points.length > 1 ? <path d={`${path}L${x(points.length - 1)} ${height}L1 ${height}Z`} className="area" /> : null}
      <path d={path} className="curve" />
      {last ? <circle cx={x(points.length - 1)} cy={y(last.psi)} r="2" className="last" /> : null}
    </svg>
  );
};

const One = ({ feature, limit, top, onOpen }: { feature: Feature; limit: number; top: number; onOpen: () => void }) => {
  const isDrifted = feature.status === "drifted";
  const words =
    feature.psi === null ? `${whole(feature.rows)} of ${whole(feature.needed)} rows` : `PSI ${feature.psi.toFixed(2)}, ${feature.status}`;
  return (
    <button type="button" className={`small ${isDrifted ? "is-drifted" : ""}`} onClick={onOpen} aria-label={`${feature.feature}: ${words}`}>
      <span className="row">
        <span className="mono grow">{feature.feature}</span>
        {feature.psi === null ? (
          <span className="dim">waits</span>
        ) : isDrifted ? (
          <span className="st drifted strong">
            <StateGlyph of="drifted" />
            {feature.psi.toFixed(2)}
          </span>
        ) : (
          <span className={feature.psi >= limit / 2 ? "strong" : "dim"}>{feature.psi.toFixed(2)}</span>
        )}
      </span>
      {feature.psi === null ? <span className="dim dense">{words}</span> : <Curve feature={feature} limit={limit} top={top} />}
    </button>
  );
};

type Opened = { feature: string; found: Distribution | null; problem: string | null };

/** The two distributions behind a number. */
export const DistributionDialog = ({
  workspace,
  endpoint,
  feature,
  version,
  onClose,
}: {
  workspace: string;
  endpoint: string;
  feature: string;
  /** Without it, the version that answers now. */
  version?: number;
  onClose: () => void;
}) => {
  const [opened, setOpened] = useState<Opened>({ feature, found: null, problem: null });
  useEffect(() => {
    call(readDistribution, { workspace, endpoint, feature, ...(version === undefined ? {} : { version }) }).then(
      (found) => setOpened({ feature, found, problem: null }),
      (error: Error) => setOpened({ feature, found: null, problem: error.message }),
    );
  }, [workspace, endpoint, feature, version]);
  const { found } = opened;
  return (
    <Dialog title={`${feature}, training and live`} isWide safe="Close" problem={opened.problem} onClose={onClose}>
      {found ? (
        <>
          <p className="dense">
            Training data of version {found.version}: {whole(found.trainingRows)} rows with a value. Live: the newest{" "}
            {whole(found.liveRows)} rows of the last 7 days.
          </p>
          <VegaChart spec={distributionSpec(found)} label={`Shares of training and live rows of ${feature}`} />
        </>
      ) : opened.problem ? null : (
        <p className="dense">Reading the newest requests.</p>
      )}
    </Dialog>
  );
};

type DriftProps = {
  workspace: string;
  endpoint: string;
  drift: Drift | null /** Shows at most so many, the most drifted. */;
  most?: number;
};

export const DriftByFeature = ({ workspace, endpoint, drift, most = 200 }: DriftProps) => {
  const [open, setOpen] = useState<string | null>(null);
  const top = Math.max(0.3, ...(drift?.features ?? []).map((one) => one.psi ?? 0)) * 1.08;
  return (
    <section>
      <div className="sectionhead">
        <h2>Drift by feature</h2>
        <span className="soft dense">
          {drift
            ? `PSI in training deciles, newest ${whole(drift.windowRows)} rows; dotted ${drift.limit.toFixed(2)}`
            : "no training profile"}
        </span>
      </div>
      {drift === null ? (
        <p className="soft">
          The version that answers was registered without the profile of its training rows. Register with{" "}
          <span className="mono">trainedOn</span> to see how far live data moves.
        </p>
      ) : drift.features.length === 0 ? (
        <p className="soft">No request has been compared yet. Numbers appear once requests come in.</p>
      ) : (
        <div className="smalls">
          {drift.features.slice(0, most).map((feature) => (
            <One key={feature.feature} feature={feature} limit={drift.limit} top={top} onOpen={() => setOpen(feature.feature)} />
          ))}
        </div>
      )}
      {drift && drift.features.length > most ? (
        <a className="lk dense soft" href={`/${workspace}/monitoring/${endpoint}`}>
          All {drift.features.length} features
        </a>
      ) : null}
      {open ? <DistributionDialog workspace={workspace} endpoint={endpoint} feature={open} onClose={() => setOpen(null)} /> : null}
    </section>
  );
};
