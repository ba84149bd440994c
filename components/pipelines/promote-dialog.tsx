"use client";
// placeholder while the dialog is being written
export const PromoteDialog = (_: { workspace: string; notebook: string; cells: { id: string; source: string }[]; onClose: () => void }) =>
  null;
