// Text printed close together leaves as one message. The session's process sends a first line at once, since a loop may follow that never
// lets go of its thread; here, where nothing is held up, what follows within a few milliseconds is joined to it.
import type { Message } from "#kernel/jupyter/wire.ts";

const gatherMs = 8;
const gatherLength = 65_536;

type Name = "stdout" | "stderr";
type Pending = { parent: Message | null; name: Name; parts: string[]; length: number; timer: NodeJS.Timeout };

/** `add` gathers, `flush` lets go of what is gathered; call it before saying anything else. */
export const openGathering = (emit: (parent: Message | null, name: Name, text: string) => void) => {
  let pending: Pending | null = null;
  const flush = (): void => {
    if (!pending) return;
    const { parent, name, parts, timer } = pending;
    pending = null;
    clearTimeout(timer);
    emit(parent, name, parts.join(""));
  };
  const add = (parent: Message | null, name: Name, text: string): void => {
    if (pending && (pending.parent !== parent || pending.name !== name)) flush();
    pending ??= { parent, name, parts: [], length: 0, timer: setTimeout(flush, gatherMs) };
    pending.parts.push(text);
    pending.length += text.length;
    if (pending.length >= gatherLength) flush();
  };
  return { add, flush };
};
