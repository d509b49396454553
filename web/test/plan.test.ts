/* Which words of a query each operator of its plan comes from. */

import assert from "node:assert/strict";
import test from "node:test";
import { pieces, type Operator } from "../data/plan.ts";

function operator(id: number, span: [number, number] | null): Operator {
  return { id, kind: "", text: "", details: [], inputs: [], span: span && { start: span[0], end: span[1] } };
}

test("a text is cut where words of operators begin and end, and each piece belongs to the one with the fewest", () => {
  const text = "MATCH (a) WHERE a.x RETURN a";
  const found = pieces(text, [operator(0, [0, 19]), operator(1, [16, 19]), operator(2, [20, 28]), operator(3, [20, 28]), operator(4, null)]);
  assert.deepEqual(
    found.map(({ text: words, operator: of }) => [words, of]),
    [
      ["MATCH (a) WHERE ", 0],
      ["a.x", 1],
      [" ", null],
      ["RETURN a", 3],
    ],
  );
  assert.equal(found.map(({ text: words }) => words).join(""), text);
});

test("words behind the end of a text, as of one that was changed, are not looked for", () => {
  assert.deepEqual(pieces("RETURN 1", [operator(0, [0, 99])]), [{ text: "RETURN 1", start: 0, operator: 0 }]);
  assert.deepEqual(pieces("", []), []);
});
