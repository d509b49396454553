/* Cypher for the editor: its kinds of words, and what may come next. */

import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { StreamLanguage, type StringStream } from "@codemirror/language";

const KEYWORDS =
  "MATCH OPTIONAL WHERE RETURN AS AND OR XOR NOT WITH UNWIND ORDER BY SKIP LIMIT ASC DESC IN IS NULL TRUE FALSE DISTINCT " +
  "CASE WHEN THEN ELSE END UNION ALL EXISTS CALL STARTS ENDS CONTAINS COUNT COLLECT";
const WORDS = new Set(KEYWORDS.split(" "));
const FUNCTIONS = (
  "abs avg ceil coalesce collect count date datetime duration endNode exp floor head id keys labels last left length " +
  "log ltrim max min nodes nullIf percentileCont percentileDisc properties range relationships replace reverse right round " +
  "rtrim sign size split sqrt startNode stDev substring sum tail time toBoolean toFloat toInteger toLower toString toUpper " +
  "trim type livewell.trueFor livewell.trueLater livewell.trueUntil livewell.slidingWindow livewell.previousValue " +
  "livewell.changeDateTime livewell.toDecimal"
).split(" ");

/** A name that what is stored has, with what is said of it in the list. */
export interface Name {
  name: string;
  detail: string;
}

/** The names that may be completed. */
export interface Names {
  labels: Name[];
  types: Name[];
  properties: Name[];
  parameters: string[];
}

interface Reading {
  inComment: boolean;
  afterColon: boolean;
}

function token(stream: StringStream, state: Reading): string | null {
  if (state.inComment) {
    if (stream.skipTo("*/")) {
      stream.match("*/");
      state.inComment = false;
    } else stream.skipToEnd();
    return "comment";
  }
  if (stream.eatSpace()) return null;
  const wasColon = state.afterColon;
  state.afterColon = false;
  if (stream.match("//")) {
    stream.skipToEnd();
    return "comment";
  }
  if (stream.match("/*")) {
    state.inComment = true;
    return "comment";
  }
  if (stream.match(/^'(?:[^'\\]|\\.)*'?/) || stream.match(/^"(?:[^"\\]|\\.)*"?/)) return "string";
  if (stream.match(/^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/) || stream.match(/^\$\w+/)) return "number";
  const isQuoted = stream.match(/^`[^`]*`?/);
  if (isQuoted || stream.match(/^[\p{L}_][\p{L}\p{N}_]*/u)) {
    if (wasColon) return "typeName";
    const word = stream.current();
    return !isQuoted && WORDS.has(word.toUpperCase()) ? "keyword" : null;
  }
  const sign = stream.next();
  state.afterColon = sign === ":" || (wasColon && (sign === "|" || sign === "&" || sign === "!"));
  return null;
}

export const cypher = StreamLanguage.define<Reading>({
  name: "cypher",
  startState: () => ({ inComment: false, afterColon: false }),
  token,
  languageData: { commentTokens: { line: "//", block: { open: "/*", close: "*/" } }, closeBrackets: { brackets: ["(", "[", "{", "'", '"', "`"] } },
});

/** Puts a name in backticks if a text needs them. */
function written(name: string): string {
  return /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name) ? name : `\`${name.replaceAll("`", "``")}\``;
}

function options(names: Name[], type: string): Completion[] {
  return names.map(({ name, detail }) => ({ label: name, apply: written(name), detail, type }));
}

/** Completes what is before the caret; names come from a function, since they are read while somebody types. */
export function completing(names: () => Names) {
  return (context: CompletionContext): CompletionResult | null => {
    const known = names();
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    const word = /[\p{L}_][\p{L}\p{N}_]*$/u.exec(before)?.[0] ?? "";
    const from = context.pos - word.length;
    const lead = before.slice(0, before.length - word.length).trimEnd();
    const validFor = /^[\p{L}\p{N}_]*$/u;
    if (/[:|&!]$/.test(lead)) {
      // What was opened last and is still open says whether this is a node or a relationship.
      const isRelationship = lead.lastIndexOf("[") > Math.max(lead.lastIndexOf("("), lead.lastIndexOf("]"));
      return { from, options: isRelationship ? options(known.types, "type") : options(known.labels, "type"), validFor };
    }
    if (lead.endsWith(".")) return { from, options: options(known.properties, "property"), validFor };
    if (lead.endsWith("$")) {
      return { from, options: known.parameters.map((name) => ({ label: name, type: "variable" })), validFor };
    }
    // A name that is given, or that is written in full, is not completed.
    const bound = variables(context);
    if (!context.explicit && (word === "" || /\bAS$/i.test(lead) || bound.some(({ label }) => label === word))) return null;
    return { from, options: [...bound, ...FIXED] };
  };
}

const FIXED: Completion[] = [
  ...[...WORDS].map((label) => ({ label, type: "keyword" })),
  ...FUNCTIONS.map((label) => ({ label, apply: `${label}(`, detail: "function", type: "function" })),
];

/** How much of a text is searched for its variables. */
const SEARCHED_MAX = 65_536;

/** The variables that a text binds: in patterns, and behind AS. */
function variables(context: CompletionContext): Completion[] {
  const text = context.state.sliceDoc(0, SEARCHED_MAX);
  const found = new Set<string>();
  for (const [, inPattern, behindAs] of text.matchAll(/[([]\s*([\p{L}_][\p{L}\p{N}_]*)(?=\s*[:)\]{*])|\bAS\s+([\p{L}_][\p{L}\p{N}_]*)/giu)) {
    const name = inPattern ?? behindAs;
    if (name) found.add(name);
  }
  return [...found].map((label) => ({ label, detail: "variable", type: "variable", boost: 1 }));
}
