// Jupyter's /api/sessions: a name and a path bound to a kernel, so that a client that opens the same path again finds its kernel. Kept in
// memory beside the kernels; a session goes with its kernel.
import { randomUUID } from "node:crypto";
import type { Kernel } from "#kernel/kernel.ts";

export type JupyterSession = { id: string; path: string; name: string; type: string; kernel: Kernel; owner: string | null };
type Body = Record<string, unknown>;

export type Sessions = ReturnType<typeof openSessions>;

const words = (value: unknown, fallback: string): string => (typeof value === "string" ? value.slice(0, 1000) : fallback);

/** How whoever asks finds and starts kernels: always in its own name. */
type Kernels = { find: (id: string) => Kernel | null; create: (body: Body) => Promise<Kernel> };

/** Opens the book of a gateway. */
export const openSessions = (model: (kernel: Kernel) => unknown) => {
  const all = new Map<string, JupyterSession>();

  const living = (owner: string | null): JupyterSession[] => {
    for (const one of all.values()) if (one.kernel.isGone()) all.delete(one.id);
    return [...all.values()].filter((one) => owner === null || one.owner === owner);
  };

  const kernelFor = async (wanted: unknown, kernels: Kernels): Promise<Kernel | null> => {
    const { id, name } = (wanted ?? {}) as { id?: unknown; name?: unknown };
    if (typeof id === "string") return kernels.find(id);
    return kernels.create({ name: name ?? "typescript" });
  };

  return {
    list: living,
    find: (id: string, owner: string | null): JupyterSession | null => living(owner).find((one) => one.id === id) ?? null,
    /** Makes a session, or answers the one that has the path; null when the kernel it names does not exist. */
    create: async (body: Body, owner: string | null, kernels: Kernels): Promise<JupyterSession | null> => {
      const path = words(body.path, randomUUID());
      const known = living(owner).find((one) => one.path === path);
      if (known) return known;
      const kernel = await kernelFor(body.kernel, kernels);
      if (!kernel) return null;
      const made = { id: randomUUID(), path, name: words(body.name, ""), type: words(body.type, "notebook"), kernel, owner };
      all.set(made.id, made);
      return made;
    },
    /** Renames, moves or gives another kernel; null when the kernel does not exist. */
    change: async (session: JupyterSession, body: Body, kernels: Kernels): Promise<JupyterSession | null> => {
      session.path = words(body.path, session.path);
      session.name = words(body.name, session.name);
      session.type = words(body.type, session.type);
      if (body.kernel === undefined) return session;
      const kernel = await kernelFor(body.kernel, kernels);
      if (kernel) session.kernel = kernel;
      return kernel ? session : null;
    },
    remove: (session: JupyterSession): void => {
      all.delete(session.id);
      session.kernel.remove();
    },
    model: ({ id, path, name, type, kernel }: JupyterSession) => ({
      id,
      path,
      name,
      type,
      kernel: model(kernel),
      ...(type === "notebook" ? { notebook: { path, name } } : {}),
    }),
  };
};
