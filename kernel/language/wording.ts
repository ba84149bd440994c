// TypeScript's words as people read them: without the modules that exist only here, the paths of this machine and the aliases our first
// lines make.
import ts from "typescript";

/** A type or message without inner module names. */
export const plainWords = (text: string): string =>
  text
    .replaceAll(/(?:typeof )?import\("(?:cell:[^"]*|atelier(?::table)?|\/[^"]*)"(?:, \{[^}]*\})?\)\.?/g, "")
    .replaceAll(/"cell:[^"]*"/g, "another cell");

/** What quick info shows: one signature, without saying that the name came from another cell. */
export const signatureOf = (parts: readonly ts.SymbolDisplayPart[] | undefined): string =>
  plainWords(ts.displayPartsToString([...(parts ?? [])]))
    .replace(/^\(alias\) /, "")
    .replace(/\nimport [\p{ID_Continue}$]+$/u, "");

const tagText = (tag: ts.JSDocTagInfo): string => {
  const text = ts.displayPartsToString(tag.text ?? []);
  if (tag.name === "example") return `\n\n\`\`\`ts\n${text.trim()}\n\`\`\``;
  return `\n\n*@${tag.name}* ${text}`;
};

/** Documentation as Markdown. */
export const documentationOf = (parts: readonly ts.SymbolDisplayPart[] | undefined, tags: readonly ts.JSDocTagInfo[] = []): string =>
  (ts.displayPartsToString([...(parts ?? [])]) + tags.map(tagText).join("")).trim();
