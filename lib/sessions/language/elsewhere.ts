// What a kernel of others says of its language, in the words of our language service. Our own service reads TypeScript only; a Python or R
// kernel completes and explains by its live values, over Jupyter's complete_request and inspect_request.
import { stripVTControlCharacters } from "node:util";
import { toPoints, toUnits } from "#lib/kit/code-points.ts";
import type { Completion } from "#lib/sessions/language/contract.ts";

type Content = Record<string, unknown>;
export type Consult = (type: "complete_request" | "inspect_request", content: Content) => Promise<Content | null>;

const most = 200;
const mostNameChars = 1000;
const mostTextChars = 4000;
const wordBefore = /[\p{ID_Continue}]*$/u;
const wordAfter = /^[\p{ID_Continue}]*/u;

/** Jupyter's words for kinds, where ours differ. */
const kinds: Record<string, string> = { instance: "var", statement: "var", param: "var", magic: "keyword", path: "string" };
type Typed = { text?: unknown; type?: unknown };

/** Completions of a kernel's reply. It may complete from before the word (`math.sq` by `math.sqrt`): what stands there already is left out, and
 * what would change it is not offered. */
const completionsOf = (code: string, offset: number, said: Content): Completion[] => {
  const names = Array.isArray(said.matches) ? said.matches.filter((one): one is string => typeof one === "string") : [];
  const word = offset - wordBefore.exec(code.slice(0, offset))![0].length;
  const lead = code.slice(Math.min(toUnits(code, Number(said.cursor_start)), word), word);
  const typed = (said.metadata as { _jupyter_types_experimental?: unknown } | undefined)?._jupyter_types_experimental;
  const kindOf = new Map((Array.isArray(typed) ? (typed as Typed[]) : []).map((one) => [String(one?.text), String(one?.type)]));
  return names
    .filter((name) => name.startsWith(lead) && name.length > lead.length && name.length <= mostNameChars)
    .slice(0, most)
    .map((name, i) => {
      const kind = kindOf.get(name) ?? "var";
      return { name: name.slice(lead.length), kind: kinds[kind] ?? kind, sort: String(i).padStart(4, "0") };
    });
};

export const completeElsewhere = async (consult: Consult, code: string, offset: number) => {
  const said = await consult("complete_request", { code, cursor_pos: toPoints(code, offset) });
  return { items: said?.status === "ok" ? completionsOf(code, offset, said) : [], isIncomplete: said === null };
};

/** What the kernel tells of what stands before the cursor, as Markdown; empty where it knows nothing. */
const told = async (consult: Consult, code: string, offset: number): Promise<string> => {
  const said = await consult("inspect_request", { code, cursor_pos: toPoints(code, offset), detail_level: 0 });
  const plain = (said?.data as Content | undefined)?.["text/plain"];
  if (said?.status !== "ok" || said.found !== true || typeof plain !== "string") return "";
  const text = stripVTControlCharacters(plain).slice(0, mostTextChars).replaceAll("```", '"""').trim();
  return `\`\`\`text\n${text}\n\`\`\``;
};

export const hoverElsewhere = async (consult: Consult, code: string, offset: number) => {
  const start = offset - wordBefore.exec(code.slice(0, offset))![0].length;
  const end = offset + wordAfter.exec(code.slice(offset))![0].length;
  const documentation = end > start ? await told(consult, code, end) : "";
  return { info: documentation ? { span: { start, length: end - start }, signature: "", documentation } : null };
};

/** Of one completion: the text as if it had been chosen. */
export const describeElsewhere = async (consult: Consult, code: string, offset: number, name: string) => {
  const start = offset - wordBefore.exec(code.slice(0, offset))![0].length;
  const chosen = code.slice(0, start) + name;
  return { signature: "", documentation: await told(consult, chosen, chosen.length) };
};
