/* The text of a query with its kinds of words set apart. */

import { Text } from "./text.tsx";

const TOKEN =
  /('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|`[^`]*`|\$\w+|:\s*[A-Za-z_]\w*|[A-Za-z_]\w*|\d+(?:\.\d+)?)/;

const WORDS = new Set(
  (
    "MATCH OPTIONAL WHERE RETURN AS AND OR XOR NOT WITH UNWIND ORDER BY SKIP LIMIT ASC DESC IN IS NULL TRUE FALSE " +
    "DISTINCT CASE WHEN THEN ELSE END UNION ALL EXISTS CALL STARTS ENDS CONTAINS COUNT COLLECT"
  ).split(" "),
);

function kind(token: string): string | null {
  if (/^['"]/.test(token)) return "string";
  if (/^\/[/*]/.test(token)) return "comment";
  if (token.startsWith(":")) return "label";
  if (/^[\d$]/.test(token)) return "number";
  return WORDS.has(token.toUpperCase()) && token === token.toUpperCase() ? "word" : null;
}

export function Cypher({ of }: { of: string }) {
  return (
    <>
      {of.split(TOKEN).map((token, index) => {
        const is = index % 2 === 1 ? kind(token) : null;
        const text = <Text of={token} lines />;
        return is ? <span class={`cypher-${is}`}>{text}</span> : text;
      })}
    </>
  );
}
