// One evaluation: progress while it runs, then its report.
import { notFound } from "next/navigation";
import { EvaluationPage } from "#components/evaluation/evaluation-page.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { readEvaluation } from "#lib/evaluation/service.ts";
import { orNotFound, visitWorkspace } from "#lib/workspace/visit.ts";

export default async function Page({ params }: { params: Promise<{ workspace: string; suite: string; evaluation: string }> }) {
  const { workspace, suite, evaluation } = await params;
  const { caller, can } = await visitWorkspace(workspace);
  if (!/^\d{1,9}$/.test(evaluation)) notFound();
  const found = await orNotFound(readEvaluation(caller, { workspace, evaluation }));
  if (found.suite !== suite) notFound();
  const crumbs = [
    { word: workspace, href: `/${workspace}` },
    { word: "Evaluation", href: `/${workspace}/evaluation` },
    { word: found.suite, href: `/${workspace}/evaluation/${found.suite}` },
    { word: `Evaluation ${found.number}` },
  ];
  return (
    <Frame workspace={workspace} person={caller.name} room="evaluation" crumbs={crumbs}>
      <EvaluationPage workspace={workspace} evaluation={found} canRun={can.run} />
    </Frame>
  );
}
