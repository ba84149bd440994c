"use client";
// Completion and signature help in a cell.
import type { CancellationToken, IRange, languages } from "monaco-editor";
import type { Monaco } from "#components/notebook/editor-setup.ts";
import { type CellModel, cellOf, placeIn } from "#components/notebook/language/cell-models.ts";
import { call } from "#lib/kit/call.ts";
import { type Completion, completeCell, describeCompletion, signatureAt } from "#lib/sessions/language/contract.ts";

type Item = languages.CompletionItem & { asked?: { cell: CellModel; at: ReturnType<typeof placeIn> } };

/** A signal that follows Monaco's token, so that a question nobody waits for any more ends. */
export const signalOf = (token: CancellationToken): AbortSignal => {
  const abort = new AbortController();
  token.onCancellationRequested(() => abort.abort());
  return abort.signal;
};
/** An editor without an answer is an editor that is quiet: the language service may be starting again. */
export const quietly = <T>(answer: Promise<T>): Promise<T | null> => answer.catch(() => null);

const kindOf = (monaco: Monaco, kind: string): languages.CompletionItemKind => {
  const { CompletionItemKind: kinds } = monaco.languages;
  const table: Record<string, languages.CompletionItemKind> = {
    keyword: kinds.Keyword,
    "primitive type": kinds.Keyword,
    function: kinds.Function,
    "local function": kinds.Function,
    method: kinds.Method,
    construct: kinds.Method,
    getter: kinds.Property,
    setter: kinds.Property,
    property: kinds.Property,
    const: kinds.Constant,
    class: kinds.Class,
    "local class": kinds.Class,
    interface: kinds.Interface,
    type: kinds.Interface,
    "type parameter": kinds.TypeParameter,
    enum: kinds.Enum,
    "enum member": kinds.EnumMember,
    module: kinds.Module,
    "external module name": kinds.Module,
    string: kinds.Value,
  };
  return table[kind] ?? kinds.Variable;
};

export const completionProvider = (monaco: Monaco): languages.CompletionItemProvider => ({
  triggerCharacters: [".", '"', "'", "`"],
  provideCompletionItems: async (model, position, context, token) => {
    const cell = cellOf(model);
    if (!cell) return { suggestions: [] };
    const at = placeIn(cell, model, position);
    const trigger = context.triggerCharacter ? { trigger: context.triggerCharacter } : {};
    const answer = await quietly(call(completeCell, { ...at, ...trigger }, { signal: signalOf(token) }));
    if (!answer || token.isCancellationRequested) return { suggestions: [] };
    const word = model.getWordUntilPosition(position);
    const usual: IRange = new monaco.Range(position.lineNumber, word.startColumn, position.lineNumber, position.column);
    const rangeOf = (start: number, length: number): IRange =>
      monaco.Range.fromPositions(model.getPositionAt(start), model.getPositionAt(start + length));
    const toItem = (one: Completion): Item => {
      const range = one.span ? rangeOf(one.span.start, one.span.length) : usual;
      const before = one.span ? at.source.slice(one.span.start, at.offset - (word.word?.length ?? 0)) : "";
      return {
        label: one.origin ? { label: one.name, description: one.origin } : one.name,
        kind: kindOf(monaco, one.kind),
        insertText: one.insert ?? one.name,
        sortText: one.sort,
        filterText: before + one.name,
        range,
        ...(one.isDeprecated ? { tags: [monaco.languages.CompletionItemTag.Deprecated] } : {}),
        ...(one.edits
          ? { additionalTextEdits: one.edits.map(({ start, length, text }) => ({ range: rangeOf(start, length), text })) }
          : {}),
        asked: { cell, at },
      };
    };
    return { suggestions: answer.items.map(toItem), incomplete: answer.isIncomplete };
  },
  resolveCompletionItem: async (item: Item, token) => {
    if (!item.asked) return item;
    const name = typeof item.label === "string" ? item.label : item.label.label;
    const found = await quietly(call(describeCompletion, { ...item.asked.at, name }, { signal: signalOf(token) }));
    return found ? { ...item, detail: found.signature, documentation: { value: found.documentation } } : item;
  },
});

export const signatureProvider: languages.SignatureHelpProvider = {
  signatureHelpTriggerCharacters: ["(", ","],
  signatureHelpRetriggerCharacters: [")"],
  provideSignatureHelp: async (model, position, token) => {
    const cell = cellOf(model);
    const answer = cell && (await quietly(call(signatureAt, placeIn(cell, model, position), { signal: signalOf(token) })));
    if (!answer?.help) return null;
    const { signatures, active, argument } = answer.help;
    return {
      value: {
        signatures: signatures.map((one) => ({
          label: one.label,
          documentation: { value: one.documentation },
          parameters: one.parameters.map((parameter) => ({ label: parameter.label, documentation: { value: parameter.documentation } })),
        })),
        activeSignature: active,
        activeParameter: argument,
      },
      dispose: () => {},
    };
  },
};
