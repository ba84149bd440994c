"use client";
// Sending an operation from a screen: pending while it runs, the server's own sentence when it is refused, fresh data after.
import { useRouter } from "next/navigation";
import { useCallback, useState } from "react";
import { type CallOptions, call } from "#lib/kit/call.ts";
import type { CallInputOf, Operation, OutputOf } from "#lib/kit/operation.ts";

/** `run` answers the output, or null after a refusal, whose words are in `problem`. */
export const useCall = <O extends Operation>(operation: O) => {
  const router = useRouter();
  const [isPending, setPending] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const run = useCallback(
    async (input: CallInputOf<O>, options?: CallOptions): Promise<OutputOf<O> | null> => {
      setPending(true);
      setProblem(null);
      try {
        const answer = await call(operation, input, options);
        router.refresh();
        return answer;
      } catch (error) {
        setProblem(error instanceof Error ? error.message : String(error));
        return null;
      } finally {
        setPending(false);
      }
    },
    [operation, router],
  );
  return { run, isPending, problem, forget: () => setProblem(null) };
};
