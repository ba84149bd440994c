"use client";
// Secrets that are shown once: an invitation link and an API token.
import { useState } from "react";
import { useCall } from "#components/hooks/use-call.ts";
import { Dialog } from "#components/ui/dialog.tsx";
import { createInvitation, createToken, type Role, roles } from "#lib/workspace/contract.ts";

const Once = ({ label, secret, note }: { label: string; secret: string; note: string }) => (
  <label className="field">
    <span>{label}</span>
    <input className="mono" readOnly value={secret} onFocus={(event) => event.target.select()} data-secret />
    <small>{note}</small>
  </label>
);

const RoleChoice = ({ value, upTo, onChange }: { value: Role; upTo: Role; onChange: (role: Role) => void }) => (
  <label className="field">
    <span>Role</span>
    <select value={value} onChange={(event) => onChange(event.target.value as Role)}>
      {roles.slice(0, roles.indexOf(upTo) + 1).map((role) => (
        <option key={role}>{role}</option>
      ))}
    </select>
  </label>
);

export const InvitePerson = ({ workspace, onClose }: { workspace: string; onClose: () => void }) => {
  const [role, setRole] = useState<Role>("editor");
  const [link, setLink] = useState<string | null>(null);
  const create = useCall(createInvitation);
  const make = async (): Promise<void> => {
    const made = await create.run({ workspace, role });
    if (made) setLink(`${location.origin}/invitation?code=${made.code}`);
  };
  return (
    <Dialog
      title="Invite by link"
      {...(link ? {} : { verb: "Make the link" })}
      safe={link ? "Close" : "Cancel"}
      isBusy={create.isPending}
      problem={create.problem}
      onClose={onClose}
      onVerb={make}
    >
      {link ? (
        <Once label="Send this to one person" secret={link} note="It admits one person once, within seven days." />
      ) : (
        <RoleChoice value={role} upTo="owner" onChange={setRole} />
      )}
    </Dialog>
  );
};

export const MintToken = ({ workspace, role: own, onClose }: { workspace: string; role: Role; onClose: () => void }) => {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>(own);
  const [token, setToken] = useState<string | null>(null);
  const create = useCall(createToken);
  const make = async (): Promise<void> => {
    const made = await create.run({ workspace, name, role });
    if (made) setToken(made.token);
  };
  return (
    <Dialog
      title="Make a token"
      {...(token ? {} : { verb: "Make it" })}
      safe={token ? "Close" : "Cancel"}
      isBusy={create.isPending}
      isDisabled={!token && !name.trim()}
      problem={create.problem}
      onClose={onClose}
      onVerb={make}
    >
      {token ? (
        <Once label="Copy it now" secret={token} note="It is not shown again. Send it as Authorization: Bearer." />
      ) : (
        <>
          <label className="field">
            <span>Name</span>
            <input value={name} onChange={(event) => setName(event.target.value)} placeholder="What will use it" />
          </label>
          <RoleChoice value={role} upTo={own} onChange={setRole} />
        </>
      )}
    </Dialog>
  );
};
