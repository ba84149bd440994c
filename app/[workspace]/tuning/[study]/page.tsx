// One study as it goes.
import { Frame } from "#components/shell/frame.tsx";
import { drawnOf } from "#components/tuning/drawn.ts";
import { StudyPage } from "#components/tuning/study-page.tsx";
import { listModels } from "#lib/models/service.ts";
import { readStudy } from "#lib/tuning/service.ts";
import { orNotFound, visitWorkspace } from "#lib/workspace/visit.ts";

type Params = Promise<{ workspace: string; study: string }>;

export const generateMetadata = async ({ params }: { params: Params }) => ({ title: decodeURIComponent((await params).study) });

export default async function Page({ params }: { params: Params }) {
  const { workspace, study } = await params;
  const { caller, can } = await visitWorkspace(workspace);
  const found = await orNotFound(readStudy(caller, { workspace, study: decodeURIComponent(study) }));
  const { items: models } = await listModels(caller, { workspace });
  const crumbs = [{ word: workspace, href: `/${workspace}` }, { word: "Tuning", href: `/${workspace}/tuning` }, { word: found.name }];
  return (
    <Frame workspace={workspace} person={caller.name} room="tuning" crumbs={crumbs}>
      <StudyPage workspace={workspace} study={drawnOf(found)} models={models.map((one) => one.name)} canRun={can.run} />
    </Frame>
  );
}
