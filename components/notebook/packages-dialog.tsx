"use client";
// The npm packages of a notebook: what is installed, adding one and taking one away. An installation shows how far it is, whoever began it, and the
// one begun here is stopped by a click, or by closing.
import { useCallback, useEffect, useRef, useState } from "react";
import { useLive } from "#components/hooks/use-live.ts";
import { Dialog } from "#components/ui/dialog.tsx";
import { bytes, Steel } from "#components/ui/figures.tsx";
import { Icon } from "#components/ui/icon.tsx";
import { call } from "#lib/kit/call.ts";
import { addPackage, listPackages, type Packages, packageEvents, removePackage, splitRequest } from "#lib/sessions/packages/contract.ts";

type Props = { workspace: string; notebook: string };

const lookEveryMs = 700;

/** The packages as they are, looked at again when they change and, while somebody installs, all the time. */
const usePackages = ({ workspace, notebook }: Props, isChanging: boolean) => {
  const [found, setFound] = useState<Packages | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const look = useCallback(
    () => call(listPackages, { workspace, notebook }).then(setFound, (error: Error) => setProblem(error.message)),
    [workspace, notebook],
  );
  const isWatched = isChanging || found?.installing != null;
  useEffect(() => {
    void look();
    if (!isWatched) return;
    const timer = setInterval(look, lookEveryMs);
    return () => clearInterval(timer);
  }, [look, isWatched]);
  useLive(workspace, [packageEvents.changed], (news) => {
    if (news.subject === notebook) void look();
  });
  return { found, problem, setFound };
};

type Listed = { found: Packages; isBusy: boolean; saysScripts: boolean; onRemove: (name: string) => void };

const Installed = ({ found, isBusy, saysScripts, onRemove }: Listed) => (
  <div className="stack">
    <table className="t compact" aria-label="Installed packages">
      <thead>
        <tr>
          <th>Package</th>
          <th>Version</th>
          <th>Asked for</th>
          <th className="num">Size</th>
          <th aria-label="Actions" />
        </tr>
      </thead>
      <tbody>
        {found.items.map((one) => (
          <tr key={one.name}>
            <td className="cut strong" title={one.name}>
              {one.name}
            </td>
            <td>{one.version}</td>
            <td className="mono">{one.range}</td>
            <td className="num">{bytes(one.sizeBytes)}</td>
            <td className="num">
              <button
                type="button"
                className="btn quiet"
                disabled={isBusy}
                aria-label={`Remove ${one.name}`}
                onClick={() => onRemove(one.name)}
              >
                Remove
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
    <p className="dim dense">
      {found.others > 0 ? `With ${found.others} ${found.others === 1 ? "package" : "packages"} they depend on: ` : "In all: "}
      {bytes(found.sizeBytes)}. {found.changedBy ? `${found.changedBy} changed them last.` : null}
    </p>
    {saysScripts && found.scripts.length > 0 ? (
      <p className="dim dense">
        Install scripts were not run: {found.scripts.join(", ")}. A native add-on that is built by one does not work here.
      </p>
    ) : null}
  </div>
);

const Going = ({ sentence, fraction, onStop }: { sentence: string; fraction: number | null; onStop: (() => void) | null }) => (
  <div className="going">
    <div>
      <p className="dense" role="status">
        {sentence}
      </p>
      <Steel fraction={fraction ?? 0} sentence={sentence} />
    </div>
    {onStop ? (
      <button type="button" className="btn" onClick={onStop}>
        <Icon name="stop" />
        Stop
      </button>
    ) : null}
  </div>
);

export const PackagesDialog = ({ workspace, notebook, onClose }: Props & { onClose: () => void }) => {
  const [going, setGoing] = useState<AbortController | null>(null);
  const [request, setRequest] = useState("");
  const [words, setWords] = useState<{ problem?: string; note?: string | null }>({});
  const { found, problem, setFound } = usePackages({ workspace, notebook }, going !== null);
  const last = useRef<AbortController | null>(null);
  useEffect(() => () => last.current?.abort(), []);

  const change = async (ask: (signal: AbortSignal) => Promise<Packages & { note: string | null }>): Promise<boolean> => {
    const stop = new AbortController();
    last.current = stop;
    setGoing(stop);
    setWords({});
    try {
      const made = await ask(stop.signal);
      setFound(made);
      setWords({ note: made.note });
      return true;
    } catch (error) {
      const why = stop.signal.aborted ? "Stopped. Nothing was changed." : error instanceof Error ? error.message : String(error);
      setWords(stop.signal.aborted ? { note: why } : { problem: why });
      return false;
    } finally {
      setGoing(null);
    }
  };
  const add = async (): Promise<void> => {
    const { name, range } = splitRequest(request.trim());
    if (await change((signal) => call(addPackage, { workspace, notebook, name, range }, { signal }))) setRequest("");
  };
  const remove = (name: string): void => void change((signal) => call(removePackage, { workspace, notebook, name }, { signal }));

  const others = going ? null : (found?.installing ?? null);
  const isBusy = going !== null || others !== null;
  return (
    <Dialog
      title="npm packages of this notebook"
      verb="Add"
      safe="Close"
      isWide
      isBusy={isBusy}
      isDisabled={!request.trim()}
      problem={words.problem ?? problem}
      onClose={onClose}
      onVerb={() => void add()}
    >
      {found === null ? <p className="dim">Reading what is installed.</p> : null}
      {found && found.items.length === 0 ? (
        <p className="soft">None yet. What is added here can be imported in every cell and in stages promoted from this notebook.</p>
      ) : null}
      {found && found.items.length > 0 ? <Installed found={found} isBusy={isBusy} saysScripts={!words.note} onRemove={remove} /> : null}
      <label className="field">
        <span>Package</span>
        <input
          value={request}
          maxLength={320}
          spellCheck={false}
          autoCapitalize="off"
          disabled={isBusy}
          onChange={(event) => setRequest(event.target.value)}
        />
        <small>
          Of the npm registry, such as <code>d3-array</code> or <code>d3-array@^3</code>; without a range the newest. Install scripts never
          run. In a cell: <code>%npm install d3-array</code>
        </small>
      </label>
      {going ? (
        <Going
          sentence={found?.installing?.sentence ?? "Begins."}
          fraction={found?.installing?.fraction ?? null}
          onStop={() => going.abort()}
        />
      ) : null}
      {others ? <Going sentence={`${others.by} installs. ${others.sentence}`} fraction={others.fraction} onStop={null} /> : null}
      {words.note ? (
        <p className="dense" role="status">
          {words.note}
        </p>
      ) : null}
    </Dialog>
  );
};

export const PackagesButton = (props: Props) => {
  const [isOpen, setOpen] = useState(false);
  const close = useCallback(() => setOpen(false), []);
  return (
    <>
      <button type="button" className="btn quiet" title="npm packages of this notebook" onClick={() => setOpen(true)}>
        Packages
      </button>
      {isOpen ? <PackagesDialog {...props} onClose={close} /> : null}
    </>
  );
};
