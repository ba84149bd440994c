// Home, as a sheet: what Atelier does in one drawing, three ways to start, the newest notebooks, and facts about this house that are true.
import { LineOfWork } from "#components/shell/line-of-work.tsx";
import "#components/shell/home.css";
import { NewNotebook } from "#components/notebook/new-notebook.tsx";
import { Time } from "#components/ui/figures.tsx";
import { Icon } from "#components/ui/icon.tsx";
import { State } from "#components/ui/state.tsx";
import type { Notebook } from "#lib/notebooks/contract.ts";

type Health = { status: string; services: Record<string, string>; sandboxed: boolean | null };
type Props = {
  workspace: string;
  person: string;
  canWrite: boolean;
  canInvite: boolean;
  health: Health;
  notebooks: Notebook[];
  memberCount: number;
};

const Fact = ({ isWell, children, note }: { isWell: boolean; children: React.ReactNode; note: string }) => (
  <li>
    <State of={isWell ? "done" : "queued"}>{children}</State>
    <span className="dim">{note}</span>
  </li>
);

export const Home = ({ workspace, person, canWrite, canInvite, health, notebooks, memberCount }: Props) => {
  const down = Object.entries(health.services)
    .filter(([, state]) => state !== "ok")
    .map(([name]) => name);
  return (
    <main className="page home">
      <h1>{notebooks.length === 0 ? `The bench is clear, ${person}.` : `Good to see you, ${person}.`}</h1>
      <p className="lead">
        Write a cell. When it does what you want, promote it: the same text runs every night, becomes a version, and answers requests.
      </p>
      <div className="drawing">
        <LineOfWork />
      </div>
      <div className="homecols">
        <section>
          <h2>Start</h2>
          {canWrite ? <NewNotebook workspace={workspace} isRow /> : null}
          <a className="go" href={`/${workspace}/datasets`}>
            <Icon name="datasets" />
            <div>
              <b>{canWrite ? "Bring data" : "Look at data"}</b>
              <span>CSV or Parquet, streamed, typed and profiled.</span>
            </div>
            <kbd>G D</kbd>
          </a>
          <a className="go" href={`/${workspace}/experiments`}>
            <Icon name="experiments" />
            <div>
              <b>Look at runs</b>
              <span>Every number kept, with the cell it came from.</span>
            </div>
            <kbd>G E</kbd>
          </a>
        </section>
        <section>
          <h2>{notebooks.length > 0 ? "Take up where work stopped" : "Notebooks"}</h2>
          {notebooks.map((one) => (
            <a key={one.id} className="go" href={`/${workspace}/notebooks/${one.id}`}>
              <Icon name="notebooks" />
              <div>
                <b>{one.title}</b>
                <span>
                  {one.cellCount} cells, changed by {one.updatedBy ?? one.createdBy}
                </span>
              </div>
              <span className="dim dense">
                <Time at={one.updatedAt} />
              </span>
            </a>
          ))}
          {notebooks.length === 0 ? (
            <p className="dim" style={{ paddingTop: 12 }}>
              None yet. The first one takes a second.
            </p>
          ) : null}
        </section>
        <section>
          <h2>This house</h2>
          <ul className="houselist">
            <Fact isWell={down.length === 0} note={down.length === 0 ? "all answer" : `${down.join(", ")} not yet`}>
              Database, kernel, worker, serving
            </Fact>
            <Fact isWell={health.sandboxed === true} note={health.sandboxed ? "on" : "install bubblewrap"}>
              Sandbox for cells
            </Fact>
            <Fact isWell={memberCount > 1} note={`${memberCount} here`}>
              {canInvite ? (
                <a className="lk" href={`/${workspace}/settings`}>
                  {memberCount > 1 ? "People" : "Invite a second person"}
                </a>
              ) : (
                "People"
              )}
            </Fact>
          </ul>
        </section>
      </div>
    </main>
  );
};
