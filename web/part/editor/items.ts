/* Completion of sources and reactions by the schemas of their kinds. */

import type { CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { offers, type Described, type Ids } from "../../data/schema.ts";

/** How long a text may be to be read at each key. */
const LONGEST = 200_000;

/** Completes what is before the caret; kinds and ids come from functions, since they are read while somebody types. */
export function completingItem(kinds: () => readonly Described[], ids: Ids) {
  return (context: CompletionContext): CompletionResult | null => {
    if (context.state.doc.length > LONGEST) return null;
    const word = context.matchBefore(/[\w./-]+$/)?.text ?? "";
    const from = context.pos - word.length;
    const before = context.state.sliceDoc(context.state.doc.lineAt(from).from, from);
    // On a line where nothing stands yet, a list would be in the way of whoever is done.
    if (!context.explicit && word === "" && !/[:[,{-] +$/.test(before)) return null;
    const found = offers(context.state.doc.toString(), context.pos, kinds(), ids);
    if (found.length === 0) return null;
    const isQuoted = /["']$/.test(before);
    return {
      from,
      options: found.map(({ text, put, detail, info, isNeeded }) => ({
        label: text,
        apply: isQuoted ? text : put,
        detail,
        type: "property",
        boost: isNeeded ? 1 : 0,
        ...(info === "" ? {} : { info }),
      })),
      validFor: /^[\w./-]*$/,
    };
  };
}
