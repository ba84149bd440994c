// NVIDIA cards as nvidia-smi tells them. Written after its documentation and tested with its printed form: not verified on hardware.
import { execFile } from "node:child_process";

export type Card = { name: string; memoryMb: number | null; usedMemoryMb: number | null; utilisation: number | null };

const query = ["--query-gpu=index,name,memory.total,memory.used,utilization.gpu", "--format=csv,noheader,nounits"];

const numberOf = (field: string | undefined): number | null => {
  const value = Number.parseFloat(field ?? "");
  return Number.isFinite(value) ? value : null; // "[N/A]", "[Not Supported]"
};

/** Reads the csv that `nvidia-smi` prints; a line that is none is left out. */
export const readCards = (printed: string): Card[] =>
  printed
    .split("\n")
    .map((line) => line.split(",").map((field) => field.trim()))
    .filter((fields) => fields.length >= 5 && /^\d+$/.test(fields[0]!))
    .map(([, name, total, used, busy]) => {
      const share = numberOf(busy);
      return { name: name!, memoryMb: numberOf(total), usedMemoryMb: numberOf(used), utilisation: share === null ? null : share / 100 };
    });

/** Why there is no card, in words; null when the tool is simply not installed. */
export const failureOf = (error: { code?: unknown; message: string }, printed: string): string | null => {
  if (error.code === "ENOENT") return null;
  const line = printed.split("\n").find((one) => one.trim()) ?? error.message.split("\n")[0]!;
  return `nvidia-smi is installed and found no usable card: ${line.trim().slice(0, 300)}`;
};

/** The cards of this machine; `note` says what is wrong when the tool is there and fails. */
export const nvidiaCards = (): Promise<{ cards: Card[]; note: string | null }> =>
  new Promise((resolve) => {
    execFile("nvidia-smi", query, { timeout: 10_000 }, (error, stdout, stderr) => {
      if (!error) return resolve({ cards: readCards(stdout), note: null });
      resolve({ cards: [], note: failureOf(error, `${stdout}\n${stderr}`) });
    });
  });
