"use client";
// What the notebook's sessions ask of a machine, and when they end by themselves.
import { useEffect, useState } from "react";
import { useCall } from "#components/hooks/use-call.ts";
import { Dialog } from "#components/ui/dialog.tsx";
import { call } from "#lib/kit/call.ts";
import { changeWish, readWish, type SessionWish } from "#lib/sessions/contract.ts";

const numberIn = (text: string): number => Math.max(0, Number.parseFloat(text) || 0);

const Field = ({ label, note, value, onChange }: { label: string; note: string; value: string; onChange: (text: string) => void }) => (
  <label className="field">
    <span>{label}</span>
    <input type="number" min={0} step="any" inputMode="decimal" value={value} onChange={(event) => onChange(event.target.value)} />
    <small>{note}</small>
  </label>
);

type Texts = { cpus: string; memoryGb: string; idle: string; gpu: boolean };
const toTexts = (wish: SessionWish): Texts => ({
  cpus: wish.cpus ? String(wish.cpus) : "",
  memoryGb: wish.memoryMb ? String(Number((wish.memoryMb / 1024).toFixed(2))) : "",
  idle: wish.idleMinutes === null ? "" : String(wish.idleMinutes),
  gpu: wish.gpu,
});

export const SessionDialog = ({ workspace, notebook, onClose }: { workspace: string; notebook: string; onClose: () => void }) => {
  const [wish, setWish] = useState<SessionWish | null>(null);
  const [texts, setTexts] = useState<Texts | null>(null);
  const change = useCall(changeWish);
  useEffect(() => {
    call(readWish, { workspace, notebook }).then(
      (found) => {
        setWish(found);
        setTexts(toTexts(found));
      },
      () => onClose(),
    );
  }, [workspace, notebook, onClose]);
  const put = (part: Partial<Texts>): void => setTexts((now) => now && { ...now, ...part });
  const save = async (): Promise<void> => {
    if (!texts) return;
    const made = await change.run({
      workspace,
      notebook,
      cpus: numberIn(texts.cpus),
      memoryMb: Math.round(numberIn(texts.memoryGb) * 1024),
      gpu: texts.gpu,
      idleMinutes: texts.idle.trim() === "" ? null : Math.round(numberIn(texts.idle)),
    });
    if (made) onClose();
  };
  const own = wish?.installationIdleMinutes ? `${wish.installationIdleMinutes} minutes` : "never";
  return (
    <Dialog
      title="Session of this notebook"
      verb="Save"
      isBusy={change.isPending}
      isDisabled={!texts}
      problem={change.problem}
      onClose={onClose}
      onVerb={save}
    >
      {texts ? (
        <>
          <label className="row">
            <input type="checkbox" checked={texts.gpu} onChange={(event) => put({ gpu: event.target.checked })} />
            <span>Hold a graphics card, and wait in turn for one</span>
          </label>
          <Field
            label="Processors"
            note="Kept free for it. Empty takes what there is."
            value={texts.cpus}
            onChange={(cpus) => put({ cpus })}
          />
          <Field
            label="Memory, GB"
            note="Kept free for it, and its limit when larger than the usual one. Empty takes what there is."
            value={texts.memoryGb}
            onChange={(memoryGb) => put({ memoryGb })}
          />
          <Field
            label="Ends after idle minutes"
            note={`Counts from the last run, and at once. 0 is never; empty is the installation's: ${own}.`}
            value={texts.idle}
            onChange={(idle) => put({ idle })}
          />
          <p className="dim dense">A change of device or size holds from the next start of the session.</p>
        </>
      ) : (
        <p className="dim">Reading what it asks for.</p>
      )}
    </Dialog>
  );
};
