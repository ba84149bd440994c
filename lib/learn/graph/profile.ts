// onnxruntime's trace of a session (`profilePrefix`): which provider ran which node, and how long it took. A node a device cannot run falls back
// to the CPU without a word; this is how to see it.

export type NodeRun = { operator: string; provider: string; us: number };

/** The node runs in a trace. */
export const readProfile = (text: string): NodeRun[] =>
  (JSON.parse(text) as { cat: string; dur: number; args?: { op_name?: string; provider?: string } }[]).flatMap(({ cat, dur, args }) =>
    cat === "Node" && args?.provider && args.op_name ? [{ operator: args.op_name, provider: args.provider, us: dur }] : [],
  );

/** How many node runs each provider had. */
export const countProviders = (runs: readonly NodeRun[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { provider } of runs) counts[provider] = (counts[provider] ?? 0) + 1;
  return counts;
};
