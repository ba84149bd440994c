"use client";
// Makes a notebook and opens it: a button on the list, a row on home.
import { useCall } from "#components/hooks/use-call.ts";
import { Icon } from "#components/ui/icon.tsx";
import { createNotebook } from "#lib/notebooks/contract.ts";

export const NewNotebook = ({ workspace, isRow }: { workspace: string; isRow?: boolean }) => {
  const create = useCall(createNotebook);
  const go = async (): Promise<void> => {
    const made = await create.run({ workspace });
    if (made) location.assign(`/${workspace}/notebooks/${made.id}`);
  };
  if (!isRow)
    return (
      <button type="button" className="btn primary" disabled={create.isPending} onClick={go}>
        <Icon name="add" />
        New notebook
      </button>
    );
  return (
    <button type="button" className="go first" disabled={create.isPending} onClick={go}>
      <Icon name="notebooks" />
      <div>
        <b>New notebook</b>
        <span>TypeScript. Ready in about a second.</span>
      </div>
      <Icon name="add" />
    </button>
  );
};
