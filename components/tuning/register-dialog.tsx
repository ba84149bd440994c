"use client";
// From a trial to a model: the model that its run keeps becomes the next version of a registered one.
import { useState } from "react";
import { useCall } from "#components/hooks/use-call.ts";
import type { DrawnStudy } from "#components/tuning/drawn.ts";
import { bestSentence } from "#components/tuning/words.ts";
import { Dialog } from "#components/ui/dialog.tsx";
import { registerTrial } from "#lib/tuning/contract.ts";

const addressOf = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 60);

type Props = { workspace: string; study: DrawnStudy; models: string[]; onClose: () => void };

export const RegisterDialog = ({ workspace, study, models, onClose }: Props) => {
  const [model, setModel] = useState(addressOf(study.name));
  const register = useCall(registerTrial);
  const best = study.trials[study.best!.number]!;
  return (
    <Dialog
      title={`Register the model of trial ${best.number}?`}
      verb="Register"
      isBusy={register.isPending}
      isDisabled={model === ""}
      problem={register.problem}
      onClose={onClose}
      onVerb={async () => {
        const made = await register.run({ workspace, study: study.id, model, trial: best.number });
        if (made) location.assign(`/${workspace}/models/${made.model}/versions/${made.number}`);
      }}
    >
      <p>
        It is the best, with {bestSentence(study)}. Run {best.runNumber} keeps its model, which becomes the next version of the model named
        here, with the run's metrics and cell.
      </p>
      <label className="field">
        <span>Model</span>
        <input value={model} list="models" onChange={(event) => setModel(event.target.value)} />
        <datalist id="models">
          {models.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
        <small>{models.includes(model) ? "is there already and gets one more version" : "is made with version 1"}</small>
      </label>
    </Dialog>
  );
};
