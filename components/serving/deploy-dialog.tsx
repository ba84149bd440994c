"use client";
// Deploys a model version: under which endpoint, which model, which version. It answers when the version serves, or says why it does not.
import { useState } from "react";
import { useCall } from "#components/hooks/use-call.ts";
import { Dialog } from "#components/ui/dialog.tsx";
import { useToast } from "#components/ui/toast.tsx";
import type { Model } from "#lib/models/contract.ts";
import { deploy } from "#lib/serving/contract.ts";

type Props = {
  workspace: string;
  models: Pick<Model, "name" | "aliases" | "latest">[];
  endpoint?: string;
  model?: string;
  version?: number;
  onClose: () => void;
};

/** A model's name as an endpoint's, which stands in a web address. */
const asAddress = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 63);

export const DeployDialog = ({ workspace, models, endpoint, model, version, onClose }: Props) => {
  const [name, setName] = useState(model ?? models[0]?.name ?? "");
  const [address, setAddress] = useState(endpoint ?? asAddress(name));
  const [wanted, setWanted] = useState(version === undefined ? "" : String(version));
  const [failure, setFailure] = useState<string | null>(null);
  const send = useCall(deploy);
  const say = useToast();
  const chosen = models.find((one) => one.name === name);
  const asked = wanted.trim() || String(chosen?.latest ?? "");

  const go = async (): Promise<void> => {
    setFailure(null);
    const made = await send.run({ workspace, endpoint: address, model: name, version: asked });
    if (!made) return;
    if (made.status === "failed") return setFailure(made.message ?? "The version could not be served.");
    say({ text: made.status === "serving" ? `${address} answers with version ${made.version}.` : `Version ${made.version} still loads.` });
    if (endpoint) onClose();
    else location.assign(`/${workspace}/serving/${address}`);
  };
  return (
    <Dialog
      title={endpoint ? `Which version answers at ${endpoint}?` : "Serve a model version?"}
      verb="Deploy"
      isBusy={send.isPending}
      isDisabled={name === "" || address === "" || asked === ""}
      problem={send.problem ?? failure}
      onClose={onClose}
      onVerb={go}
    >
      {endpoint ? null : (
        <label className="field">
          <span>Endpoint</span>
          <input value={address} onChange={(event) => setAddress(event.target.value)} spellCheck={false} />
          <small className="mono">/v2/models/{address || "…"}/infer</small>
        </label>
      )}
      <div className="two">
        <label className="field">
          <span>Model</span>
          <select value={name} disabled={model !== undefined} onChange={(event) => setName(event.target.value)}>
            {models.map((one) => (
              <option key={one.name}>{one.name}</option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>Version or alias</span>
          <input
            value={wanted}
            placeholder={String(chosen?.latest ?? "")}
            list="versions"
            onChange={(event) => setWanted(event.target.value)}
          />
          <datalist id="versions">
            {chosen?.aliases.map((one) => (
              <option key={one.alias} value={one.alias}>
                version {one.version}
              </option>
            ))}
          </datalist>
        </label>
      </div>
      <p className="dense">
        {send.isPending
          ? "The version loads and answers its sample; until then what served before goes on."
          : "It takes the traffic once it has loaded and answered its sample. What served before can be rolled back to."}
      </p>
    </Dialog>
  );
};
