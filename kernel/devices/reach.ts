// What a session that holds a graphics card may reach besides its walls: the card's device nodes, its driver's files and, for real cards, where
// the system describes them. A session without a lease sees none of it, and Vulkan finds nothing there.
//
// Device nodes of real cards: after the drivers' documentation, not verified on hardware. Software adapters are files only.
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { env } from "#lib/kit/env.ts";

export type Reach = {
  /** Read-only files and folders. */
  files: string[];
  /** Device nodes. */
  nodes: string[];
  /** Groups the nodes belong to, which the session's user must be in. */
  groups: number[];
  environment: Record<string, string>;
};

const nothing: Reach = { files: [], nodes: [], groups: [], environment: {} };

const nodesOf = (folder: string, pattern: RegExp): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => pattern.test(name))
        .map((name) => `${folder}/${name}`)
    : [];

const groupOf = (node: string): number[] => {
  const { gid, mode } = statSync(node);
  return gid !== 0 && (mode & 0o006) === 0 ? [gid] : [];
};

/** Places that say which drivers there are; those under /usr every session has. */
const manifests = ["/etc/vulkan", "/etc/OpenCL", "/etc/glvnd"];
const described = ["/sys/dev/char", "/sys/class/drm", "/sys/devices"];

/** The reach of who holds a card, or nothing without one. `libraries` are what the driver was seen to map. */
export const reachOf = (card: { isSoftware: boolean } | null, libraries: string[]): Reach => {
  if (!card) return nothing;
  const nodes = card.isSoftware
    ? []
    : [...nodesOf("/dev/dri", /^renderD\d+$/), ...nodesOf("/dev", /^nvidia(\d+|ctl|-uvm|-modeset)$/), ...nodesOf("/dev", /^kfd$/)];
  const icd = env.vulkanDrivers.split(":").filter((path) => path.startsWith("/") && existsSync(path));
  const own = [...libraries, ...icd].filter((path) => !/^\/(usr|lib|lib64)\//.test(path));
  const files = [...own, ...manifests.filter(existsSync), ...(card.isSoftware ? [] : described.filter(existsSync))];
  const beside = [...new Set(own.map(dirname))].filter((folder) => env.libraryPath.split(":").includes(folder));
  return {
    files: [...new Set(files)],
    nodes,
    groups: [...new Set(nodes.flatMap(groupOf))],
    environment: {
      ...(icd.length > 0 ? { VK_ICD_FILENAMES: icd.join(":") } : {}),
      ...(beside.length > 0 ? { LD_LIBRARY_PATH: beside.join(":") } : {}),
      XDG_RUNTIME_DIR: "/tmp",
    },
  };
};
