// One version of a model.
import { VersionPage } from "#components/models/version-page.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { listEvaluations } from "#lib/evaluation/service.ts";
import { readVersion } from "#lib/models/service.ts";
import { listEndpoints } from "#lib/serving/service.ts";
import { orNotFound, visitWorkspace } from "#lib/workspace/visit.ts";

export default async function Page({ params }: { params: Promise<{ workspace: string; model: string; version: string }> }) {
  const { workspace, model, version } = await params;
  const { caller, can } = await visitWorkspace(workspace);
  const found = await orNotFound(readVersion(caller, { workspace, model, version }));
  const { items } = await listEndpoints(caller, { workspace, limit: 500 });
  const endpoints = items.filter((one) => one.current?.versionId === found.id).slice(0, 3);
  const judged = await listEvaluations(caller, { workspace, model, version: found.number });
  const crumbs = [
    { word: workspace, href: `/${workspace}` },
    { word: "Models", href: `/${workspace}/models` },
    { word: model, href: `/${workspace}/models/${model}` },
    { word: `Version ${found.number}` },
  ];
  return (
    <Frame workspace={workspace} person={caller.name} room="models" crumbs={crumbs}>
      <VersionPage
        workspace={workspace}
        version={found}
        profile={found.profile as never}
        endpoints={endpoints}
        evaluations={judged.items}
        canOperate={can.operate}
      />
    </Frame>
  );
}
