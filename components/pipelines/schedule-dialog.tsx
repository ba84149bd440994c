"use client";
// Sets when a pipeline runs by itself.
import { useState } from "react";
import { useCall } from "#components/hooks/use-call.ts";
import { ScheduleFields } from "#components/pipelines/schedule-fields.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { type Pipeline, type Schedule, setSchedule } from "#lib/pipelines/contract.ts";

export const ScheduleDialog = ({ workspace, pipeline, onClose }: { workspace: string; pipeline: Pipeline; onClose: () => void }) => {
  const { schedule } = pipeline;
  const [wanted, setWanted] = useState<Schedule | null>(schedule ? { cron: schedule.cron, timeZone: schedule.timeZone } : null);
  const set = useCall(setSchedule);
  return (
    <Dialog
      title={`When does ${pipeline.name} run?`}
      verb="Set schedule"
      isBusy={set.isPending}
      problem={set.problem}
      onClose={onClose}
      onVerb={async () => (await set.run({ workspace, pipeline: pipeline.id, schedule: wanted })) && onClose()}
    >
      <ScheduleFields workspace={workspace} value={wanted} onChange={setWanted} />
    </Dialog>
  );
};
