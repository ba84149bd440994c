// One endpoint: what answers, how fast, how far its data has moved, and what happened.
import { EndpointPage } from "#components/serving/endpoint-page.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { State } from "#components/ui/state.tsx";
import { now } from "#lib/kit/clock.ts";
import { listModels } from "#lib/models/service.ts";
import { readMonitor } from "#lib/monitoring/service.ts";
import { listPredictions, readEndpoint } from "#lib/serving/service.ts";
import { orNotFound, visitWorkspace } from "#lib/workspace/visit.ts";

type Address = { params: Promise<{ workspace: string; endpoint: string }> };

/** A day is the view of an endpoint; in its first hour that hour. */
const rangeOf = ({ createdAt }: { createdAt: string }) => (now().getTime() - Date.parse(createdAt) < 3_600_000 ? "1h" : "24h");

export default async function Page({ params }: Address) {
  const { workspace, endpoint } = await params;
  const { caller, can } = await visitWorkspace(workspace);
  const found = await orNotFound(readEndpoint(caller, { workspace, endpoint }));
  const range = rangeOf(found);
  const [monitor, predictions, models] = await Promise.all([
    readMonitor(caller, { workspace, endpoint, range }),
    listPredictions(caller, { workspace, endpoint, limit: 20 }),
    listModels(caller, { workspace }),
  ]);
  const drifted = monitor.drifted.length;
  return (
    <Frame
      workspace={workspace}
      person={caller.name}
      room="serving"
      crumbs={[{ word: workspace, href: `/${workspace}` }, { word: "Serving", href: `/${workspace}/serving` }, { word: found.name }]}
      actions={
        drifted > 0 ? (
          <a href={`/${workspace}/monitoring/${found.name}`}>
            <State of="drifted">{drifted === 1 ? "1 feature drifted" : `${drifted} features drifted`}</State>
          </a>
        ) : null
      }
    >
      <EndpointPage workspace={workspace} endpoint={found} monitor={monitor} log={predictions} models={models.items} can={can} />
    </Frame>
  );
}
