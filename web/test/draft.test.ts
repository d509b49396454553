/* Queries as drafts, and plans as pictures. */

import assert from "node:assert/strict";
import test from "node:test";
import { draftOf, EMPTY, json, yaml } from "../data/draft.ts";
import { parse } from "../data/json.ts";
import { drawn, type PatternNode, type PatternRelationship } from "../data/plan.ts";

test("an item is the same after it was a draft, with all digits", () => {
  const item = `{"id":"q","sources":["a"],"params":{"n":9007199254740993,"t":"5","s":"x","l":[1.0]},"for_each":{"c":"text"},"limits":{"hops":3},"cypher":"RETURN 1 AS x"}`;
  const draft = draftOf(parse(item));
  assert.deepEqual(
    draft.params.map(({ value }) => value),
    ["9007199254740993", '"5"', "x", "[1.0]"],
  );
  assert.equal(json(draft).replaceAll(/(?<=[:,]) /g, ""), item);
});

test("what has no id is checked without one, and calls add what they ask", () => {
  assert.equal(json({ ...EMPTY, sources: ["a"], cypher: "x" }, { limit: "5" }), '{"sources":["a"],"cypher":"x","limit":5}');
});

test("a file has the text as a block, unless a block could not hold it", () => {
  const draft = { ...EMPTY, id: "q", sources: ["a", "no"], cypher: "MATCH (n)\n\n  RETURN n\n" };
  assert.equal(yaml(draft), 'queries:\n  - id: q\n    sources: [a, "no"]\n    cypher: |\n      MATCH (n)\n\n        RETURN n\n');
  for (const cypher of [" MATCH (n)", "RETURN '\u0000' AS x", "RETURN '\u2028' AS x", "RETURN '\ud800' AS x", ""]) {
    assert.equal(yaml({ ...draft, cypher }), `queries:\n  - id: q\n    sources: [a, "no"]\n    cypher: ${JSON.stringify(cypher)}\n`);
  }
});

const node = (id: number): PatternNode => ({ id, variable: `n${id}`, labels: ["Label"], source: null });
const edge = (from: number, to: number): PatternRelationship => {
  return { variable: null, types: ["T"], from, to, undirected: false, source: null, length: null, optional: false };
};

test("no two nodes of a picture overlap, none is outside, and every relationship is drawn", () => {
  const nodes = Array.from({ length: 12 }, (_, id) => node(id));
  const relationships = [...nodes.slice(1, 9).map(({ id }) => edge(0, id)), edge(1, 2), edge(2, 1), edge(3, 3), edge(9, 10)];
  for (const width of [240, 320, 700]) {
    const picture = drawn({ nodes, relationships }, width);
    assert.equal(picture.nodes.length, nodes.length);
    assert.equal(picture.edges.length, relationships.length);
    for (const one of picture.nodes) {
      assert.equal(one.x - one.width / 2 >= 0 && one.x + one.width / 2 <= width, true, `${one.text} at ${width}`);
      assert.equal(one.y >= 18 && one.y + 18 <= picture.height, true);
      for (const other of picture.nodes) {
        if (one.id >= other.id || one.y !== other.y) continue;
        assert.equal(Math.abs(one.x - other.x) >= (one.width + other.width) / 2, true, `${one.text} and ${other.text} at ${width}`);
      }
    }
  }
});
