/* YAML for the editor: keys, texts, numbers and comments set apart. */

import { StreamLanguage, type StringStream } from "@codemirror/language";

function token(stream: StringStream): string | null {
  if (stream.eatSpace()) return null;
  if (stream.match(/^#.*/)) return "comment";
  if (stream.match(/^[\w./-]+(?=\s*:(?:\s|$))/)) return "propertyName";
  if (stream.match(/^'(?:[^']|'')*'?/) || stream.match(/^"(?:[^"\\]|\\.)*"?/)) return "string";
  if (stream.match(/^\$\{[^}]*\}?/)) return "keyword";
  if (stream.match(/^(?:true|false|null|-?\d+(?:\.\d+)?)(?=\s*(?:[,\]}#]|$))/)) return "number";
  if (!stream.match(/^[^\s,\[\]{}:#]+/)) stream.next();
  return null;
}

export const yaml = StreamLanguage.define<null>({
  name: "yaml",
  startState: () => null,
  token,
  languageData: { commentTokens: { line: "#" }, closeBrackets: { brackets: ["[", "{", "'", '"'] } },
});
