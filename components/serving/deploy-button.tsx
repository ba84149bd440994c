"use client";
// From a version's own page: a button that opens the dialog with this version chosen.
import { useState } from "react";
import { DeployDialog } from "#components/serving/deploy-dialog.tsx";

export const DeployButton = ({ workspace, model, version }: { workspace: string; model: string; version: number }) => {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="btn" onClick={() => setOpen(true)}>
        Deploy
      </button>
      {isOpen ? (
        <DeployDialog
          workspace={workspace}
          models={[{ name: model, aliases: [], latest: version }]}
          model={model}
          version={version}
          onClose={() => setOpen(false)}
        />
      ) : null}
    </>
  );
};
