"use client";
// Which kernel a notebook runs on: ours, or one of a Jupyter server the workspace added. Asked of the servers when the dialog opens.
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";
import { Dialog } from "#components/ui/dialog.tsx";
import { call } from "#lib/kit/call.ts";
import { stopSession } from "#lib/sessions/contract.ts";
import { chooseKernel, listKernels, type Offered } from "#lib/sessions/remote/contract.ts";

type Props = { workspace: string; notebook: string; chosen: Offered; isRunning: boolean };
type Offers = { items: Offered[]; silent: { name: string; reason: string }[] };

const keyOf = (one: Pick<Offered, "server" | "kernel">): string => `${one.server ?? ""} ${one.kernel}`;

const KernelDialog = ({ workspace, notebook, chosen, isRunning, onClose }: Props & { onClose: () => void }) => {
  const router = useRouter();
  const [offers, setOffers] = useState<Offers | null>(null);
  const [wanted, setWanted] = useState(keyOf(chosen));
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    call(listKernels, { workspace }).then(setOffers, (error: Error) => setProblem(error.message));
  }, [workspace]);
  const save = async (): Promise<void> => {
    const one = offers?.items.find((offer) => keyOf(offer) === wanted);
    if (!one) return;
    setBusy(true);
    setProblem(null);
    try {
      if (isRunning) await call(stopSession, { workspace, notebook });
      await call(chooseKernel, { workspace, notebook, server: one.server, kernel: one.kernel });
      router.refresh();
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title="Kernel of this notebook"
      verb={isRunning && wanted !== keyOf(chosen) ? "End the session and choose" : "Choose"}
      isBusy={isBusy}
      isDisabled={!offers || wanted === keyOf(chosen)}
      problem={problem}
      onClose={onClose}
      onVerb={() => void save()}
    >
      {offers ? null : <p className="dim">Asking the servers.</p>}
      {offers?.items.map((one) => (
        <label className="row" key={keyOf(one)}>
          <input type="radio" name="kernel" checked={wanted === keyOf(one)} onChange={() => setWanted(keyOf(one))} />
          <span>
            {one.title} <span className="dim">{one.serverName}</span>
          </span>
        </label>
      ))}
      {offers?.silent.map((one) => (
        <p className="dim dense" key={one.name}>
          {one.name}: {one.reason}
        </p>
      ))}
      {isRunning ? <p className="dim dense">A session runs. Choosing another kernel ends it; variables go, outputs stay.</p> : null}
    </Dialog>
  );
};

export const KernelChoice = (props: Props) => {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="btn quiet" title="Kernel of this notebook" onClick={() => setOpen(true)}>
        {props.chosen.title}
      </button>
      {isOpen ? <KernelDialog {...props} onClose={() => setOpen(false)} /> : null}
    </>
  );
};
