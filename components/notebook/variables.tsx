"use client";
// What lives in the session, below the outline: names, kinds, shapes. Looked at again whenever the session rests after another cell has ended; choosing one shows
// it as a cell would, without running anything.
import { useEffect, useState } from "react";
import { createPortal } from "react-dom";
import { Outputs } from "#components/notebook/outputs.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { bytes, whole } from "#components/ui/figures.tsx";
import { call } from "#lib/kit/call.ts";
import { listVariables, type Output, readVariable, type Session, type Variable } from "#lib/sessions/contract.ts";

type Props = {
  workspace: string;
  notebook: string;
  session: Session;
  numbers: Map<string, number>;
  lastEnd: string;
  onGo: (cellId: string) => void;
};

const useVariables = (workspace: string, notebook: string, isResting: boolean, lastEnd: string): Variable[] => {
  const [items, setItems] = useState<Variable[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a cell that ended between two looks is a reason to look again
  useEffect(() => {
    if (!isResting) return;
    const gone = new AbortController();
    call(listVariables, { workspace, notebook }, { signal: gone.signal }).then(
      (found) => setItems(found.items.filter(isOwn)),
      () => {}, // busy again, or gone: the next rest looks again
    );
    return () => gone.abort();
  }, [workspace, notebook, isResting, lastEnd]);
  return items;
};

/** What no cell declared belongs to a library, and an imported module is no value of anybody's. */
const isOwn = ({ cellId, preview }: Variable): boolean => cellId !== null && !preview.startsWith("[Module");

/** A shape as people say it, or the value itself where it is one. */
const factOf = ({ shape, preview }: Variable): string =>
  shape && shape.length > 0 ? shape.map(whole).join(" × ") : preview.length <= 14 ? preview : "";

const Inspect = ({
  workspace,
  notebook,
  variable,
  numbers,
  onGo,
  onClose,
}: Omit<Props, "session" | "lastEnd"> & { variable: Variable; onClose: () => void }) => {
  const [shown, setShown] = useState<Output | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    call(readVariable, { workspace, notebook, name: variable.name }).then(
      ({ data, metadata }) => setShown({ output_type: "display_data", data, metadata }),
      (error: Error) => setProblem(error.message),
    );
  }, [workspace, notebook, variable.name]);
  const { cellId } = variable;
  const number = cellId ? numbers.get(cellId) : undefined;
  return (
    <Dialog title={variable.name} isWide safe="Close" problem={problem} onClose={onClose}>
      <p className="dense">
        <span className="mono">{variable.type}</span>
        {variable.shape ? `, ${variable.shape.map(whole).join(" × ")}` : ""}, about {bytes(variable.sizeBytes)}
        {number && cellId ? (
          <>
            , from{" "}
            <button
              type="button"
              className="lk plainlink"
              onClick={() => {
                onClose();
                onGo(cellId);
              }}
            >
              cell {number}
            </button>
          </>
        ) : null}
      </p>
      {shown ? <Outputs outputs={[shown]} /> : problem ? null : <p className="dense">Asking the session.</p>}
    </Dialog>
  );
};

export const Variables = (props: Props) => {
  const { workspace, notebook, session, numbers, lastEnd } = props;
  const items = useVariables(workspace, notebook, session.status === "idle", lastEnd);
  const [open, setOpen] = useState<Variable | null>(null);
  const isThere = session.status === "idle" || session.status === "busy";
  if (!isThere || items.length === 0) return null;
  return (
    <section className="vars" aria-label="Variables">
      <h2>
        Variables <span>{session.memoryMb === null ? "" : `${whole(session.memoryMb)} MB`}</span>
      </h2>
      {items.map((one) => {
        const number = one.cellId ? numbers.get(one.cellId) : undefined;
        return (
          <button
            key={one.name}
            type="button"
            className="var"
            title={`${one.preview}${number ? `\nfrom cell ${number}` : ""}`}
            onClick={() => setOpen(one)}
          >
            <span className="mono">{one.name}</span>
            <span className="kind">{one.type}</span>
            <span className="fact">{factOf(one)}</span>
          </button>
        );
      })}
      {open ? createPortal(<Inspect {...props} variable={open} onClose={() => setOpen(null)} />, document.body) : null}
    </section>
  );
};
