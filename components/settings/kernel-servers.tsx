"use client";
// Jupyter servers of the workspace: their kernels are offered in every notebook. A token goes in here and never comes out again.
import { useState } from "react";
import { useCall } from "#components/hooks/use-call.ts";
import { Dialog } from "#components/ui/dialog.tsx";
import { Time } from "#components/ui/figures.tsx";
import { addKernelServer, type KernelServer, removeKernelServer, testKernelServer } from "#lib/sessions/remote/contract.ts";

type Props = { workspace: string; canOwn: boolean; servers: KernelServer[] };

const AddServer = ({ workspace, onClose }: { workspace: string; onClose: () => void }) => {
  const add = useCall(addKernelServer);
  const [name, setName] = useState("");
  const [url, setUrl] = useState("");
  const [token, setToken] = useState("");
  const save = async (): Promise<void> => {
    if (await add.run({ workspace, name, url, token })) onClose();
  };
  return (
    <Dialog
      title="Add a Jupyter server"
      verb="Add"
      isBusy={add.isPending}
      isDisabled={!name.trim() || !url.trim()}
      problem={add.problem}
      onClose={onClose}
      onVerb={() => void save()}
    >
      <label className="field">
        <span>Name</span>
        <input value={name} maxLength={60} onChange={(event) => setName(event.target.value)} />
      </label>
      <label className="field">
        <span>Address</span>
        <input value={url} onChange={(event) => setUrl(event.target.value)} />
        <small>Of a Jupyter server or Enterprise Gateway: what comes before /api, /lab or /tree.</small>
      </label>
      <label className="field">
        <span>Token</span>
        <input type="password" autoComplete="off" value={token} onChange={(event) => setToken(event.target.value)} />
        <small>Kept sealed and never shown again.</small>
      </label>
      <p className="dim dense">
        What cells print and read travels between here and there; code runs there with that server's rights, outside our sandbox.
      </p>
    </Dialog>
  );
};

export const KernelServers = ({ workspace, canOwn, servers }: Props) => {
  const test = useCall(testKernelServer);
  const remove = useCall(removeKernelServer);
  const [isAdding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState<KernelServer | null>(null);
  const [tested, setTested] = useState<{ id: string; words: string } | null>(null);
  const look = async (one: KernelServer): Promise<void> => {
    setTested(null);
    const found = await test.run({ workspace, server: one.id });
    if (found) setTested({ id: one.id, words: `answers: ${found.kernels.map((kernel) => kernel.title).join(", ") || "no kernels"}` });
  };
  return (
    <section aria-label="Kernel servers">
      <div className="sectionhead">
        <h2>Kernel servers</h2>
        <span className="dim">Jupyter servers whose kernels notebooks may choose</span>
        {canOwn ? (
          <button type="button" className="btn" onClick={() => setAdding(true)}>
            Add a Jupyter server
          </button>
        ) : null}
      </div>
      {test.problem || remove.problem ? (
        <p className="problem" role="alert">
          {test.problem ?? remove.problem}
        </p>
      ) : null}
      {servers.length === 0 ? (
        <p className="soft">None. Notebooks run on Atelier's own TypeScript kernel; with a server they may run Python, R and others.</p>
      ) : (
        <table className="t">
          <thead>
            <tr>
              <th>Name</th>
              <th>Address</th>
              <th>Added by</th>
              <th>Added</th>
              <th aria-label="Actions" />
            </tr>
          </thead>
          <tbody>
            {servers.map((one) => (
              <tr key={one.id}>
                <td className="strong">{one.name}</td>
                <td>
                  <span className="mono">{one.url}</span>{" "}
                  <span className="dim" role="status">
                    {tested?.id === one.id ? tested.words : ""}
                  </span>
                </td>
                <td>{one.createdBy}</td>
                <td>
                  <Time at={one.createdAt} />
                </td>
                <td className="num">
                  {canOwn ? (
                    <>
                      <button type="button" className="btn quiet" disabled={test.isPending} onClick={() => void look(one)}>
                        Test
                      </button>
                      <button type="button" className="btn quiet" onClick={() => setLeaving(one)}>
                        Remove
                      </button>
                    </>
                  ) : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {isAdding ? <AddServer workspace={workspace} onClose={() => setAdding(false)} /> : null}
      {leaving ? (
        <Dialog
          title={`Remove ${leaving.name}?`}
          verb="Remove"
          isBusy={remove.isPending}
          onClose={() => setLeaving(null)}
          onVerb={() => void remove.run({ workspace, server: leaving.id }).then(() => setLeaving(null))}
        >
          <p>Its token is forgotten. Notebooks that chose its kernels go back to TypeScript with their next session.</p>
        </Dialog>
      ) : null}
    </section>
  );
};
