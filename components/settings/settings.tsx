"use client";
// Settings: who is here, who may come, which programs may come, and what everybody changed.
import { useState } from "react";
import { useCall } from "#components/hooks/use-call.ts";
import { Live } from "#components/hooks/use-live.ts";
import { KernelServers } from "#components/settings/kernel-servers.tsx";
import { InvitePerson, MintToken } from "#components/settings/once.tsx";
import { PageHead } from "#components/shell/frame.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { Face, pencilOf, Time } from "#components/ui/figures.tsx";
import type { KernelServer } from "#lib/sessions/remote/contract.ts";
import {
  type AuditEntry,
  changeRole,
  type Invitation,
  type Member,
  type Role,
  removeMember,
  revokeInvitation,
  revokeToken,
  roles,
  type Token,
} from "#lib/workspace/contract.ts";

type Props = {
  workspace: string;
  me: string;
  role: Role;
  canOwn: boolean;
  members: Member[];
  tokens: Token[];
  servers: KernelServer[];
  invitations: Invitation[];
  trail: { items: AuditEntry[]; next?: string | undefined };
};

const People = ({ workspace, me, canOwn, members, invitations }: Props) => {
  const change = useCall(changeRole);
  const remove = useCall(removeMember);
  const revoke = useCall(revokeInvitation);
  const [leaving, setLeaving] = useState<Member | null>(null);
  return (
    <section>
      <div className="sectionhead">
        <h2>People</h2>
        <span className="dim">viewer reads, editor writes and runs, operator deploys, owner decides</span>
      </div>
      {change.problem ? (
        <p className="problem" role="alert">
          {change.problem}
        </p>
      ) : null}
      <table className="t">
        <thead>
          <tr>
            <th>Name</th>
            <th>E-mail</th>
            <th>Role</th>
            <th>Since</th>
            <th aria-label="Actions" />
          </tr>
        </thead>
        <tbody>
          {members.map((one) => (
            <tr key={one.userId}>
              <td>
                <span className="row">
                  <Face name={one.name} pencil={pencilOf(one.name)} /> <b>{one.name}</b>
                  {one.userId === me ? <span className="dim">you</span> : null}
                </span>
              </td>
              <td>{one.email}</td>
              <td>
                {canOwn ? (
                  <select
                    className="plain"
                    aria-label={`Role of ${one.name}`}
                    value={one.role}
                    onChange={(event) => change.run({ workspace, member: one.userId, role: event.target.value as Role })}
                  >
                    {roles.map((role) => (
                      <option key={role}>{role}</option>
                    ))}
                  </select>
                ) : (
                  one.role
                )}
              </td>
              <td>
                <Time at={one.since} />
              </td>
              <td className="num">
                {canOwn && one.userId !== me ? (
                  <button type="button" className="btn quiet" onClick={() => setLeaving(one)}>
                    Remove
                  </button>
                ) : null}
              </td>
            </tr>
          ))}
          {invitations.map((one) => (
            <tr key={one.id}>
              <td className="dim" colSpan={2}>
                an invitation by {one.invitedBy}, open until <Time at={one.expiresAt} />
              </td>
              <td className="dim">{one.role}</td>
              <td>
                <Time at={one.createdAt} />
              </td>
              <td className="num">
                <button type="button" className="btn quiet" onClick={() => revoke.run({ workspace, invitation: one.id })}>
                  Revoke
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {leaving ? (
        <Dialog
          title={`Remove ${leaving.name}?`}
          verb="Remove"
          safe="Keep"
          isBusy={remove.isPending}
          problem={remove.problem}
          onClose={() => setLeaving(null)}
          onVerb={async () => (await remove.run({ workspace, member: leaving.userId })) && setLeaving(null)}
        >
          <p>{leaving.name} can no longer open this workspace, and tokens they made stop at once. What they made stays.</p>
        </Dialog>
      ) : null}
    </section>
  );
};

const Tokens = ({ workspace, tokens }: Props) => {
  const revoke = useCall(revokeToken);
  return (
    <section>
      <div className="sectionhead">
        <h2>API tokens</h2>
        <span className="dim">each opens this workspace only, never wider than its maker</span>
      </div>
      {revoke.problem ? (
        <p className="problem" role="alert">
          {revoke.problem}
        </p>
      ) : null}
      {tokens.length === 0 ? (
        <p className="soft">No token. Programs come in with one; it is shown once when made.</p>
      ) : (
        <table className="t">
          <thead>
            <tr>
              <th>Name</th>
              <th>Ends in</th>
              <th>Role</th>
              <th>Made by</th>
              <th>Made</th>
              <th>Last used</th>
              <th aria-label="Actions" />
            </tr>
          </thead>
          <tbody>
            {tokens.map((one) => (
              <tr key={one.id}>
                <td className="strong">{one.name}</td>
                <td className="mono">…{one.hint}</td>
                <td>{one.role}</td>
                <td>{one.createdBy}</td>
                <td>
                  <Time at={one.createdAt} />
                </td>
                <td>
                  <Time at={one.lastUsedAt} />
                </td>
                <td className="num">
                  <button type="button" className="btn quiet" onClick={() => revoke.run({ workspace, token: one.id })}>
                    Revoke
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
};

/** What a change was about, as words rather than JSON. */
const detailOf = (detail: unknown): string =>
  Object.entries((detail ?? {}) as Record<string, unknown>)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key} ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ")
    .slice(0, 200);

const Trail = ({ trail }: Props) => (
  <section>
    <div className="sectionhead">
      <h2>Trail</h2>
      <span className="dim">every change, newest first</span>
    </div>
    <div className="wide">
      <table className="t compact">
        <tbody>
          {trail.items.map((one) => (
            <tr key={one.id}>
              <td>
                <Time at={one.at} />
              </td>
              <td>
                {one.actor.name} <span className="dim">{one.actor.kind === "person" ? "" : one.actor.kind}</span>
              </td>
              <td className="mono">{one.action}</td>
              <td className="mono dim">{one.subject}</td>
              <td className="dim cut" title={JSON.stringify(one.detail)}>
                {detailOf(one.detail)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
    {trail.next ? (
      <p style={{ paddingTop: 8 }}>
        <a className="lk" href={`?after=${trail.next}`}>
          Older
        </a>
      </p>
    ) : null}
  </section>
);

export const Settings = (props: Props) => {
  const [dialog, setDialog] = useState<"invite" | "token" | null>(null);
  const { workspace, role, canOwn } = props;
  return (
    <main className="page">
      <Live workspace={workspace} topics={["members.changed", "tokens.changed"]} />
      <PageHead
        title="Settings"
        sentence={`You are ${role} here.`}
        actions={
          <>
            <a className="btn quiet" href={`/${workspace}/settings/machines`}>
              Machines
            </a>
            {canOwn ? (
              <button type="button" className="btn" onClick={() => setDialog("invite")}>
                Invite by link
              </button>
            ) : null}
            <button type="button" className="btn" onClick={() => setDialog("token")}>
              Make a token
            </button>
          </>
        }
      />
      <People {...props} />
      <Tokens {...props} />
      <KernelServers {...props} />
      {canOwn ? <Trail {...props} /> : null}
      {dialog === "invite" ? <InvitePerson workspace={workspace} onClose={() => setDialog(null)} /> : null}
      {dialog === "token" ? <MintToken workspace={workspace} role={role} onClose={() => setDialog(null)} /> : null}
    </main>
  );
};
