/* Where a place of an item's text stands, and what may stand there. */

import assert from "node:assert/strict";
import test from "node:test";
import { outline } from "../data/outline.ts";
import { offers, type Described } from "../data/schema.ts";

/** A place is where `|` stands. */
function place(text: string) {
  const { path, isKey, isValue } = outline(text.slice(0, text.indexOf("|")));
  return [...path, isKey ? "key" : "", isValue ? "value" : ""].filter((part) => part !== "").join(" ");
}

test("a place is found in blocks, in braces, and where both meet", () => {
  for (const [text, expected] of [
    ["|", "key"],
    ["ki|", "key"],
    ["kind: |", "kind value"],
    ["kind: fi|", "kind value"],
    ["id: a\nkind: file\nno|", "key"],
    ["node:\n  la|", "node key"],
    ["node:\n  label: Order\n  |", "node key"],
    ["node:\n  label: Order\ni|", "key"],
    ["queries:\n  - la|", "queries 0 key value"],
    ["queries:\n- a\n- la|", "queries 1 key value"],
    ["tables:\n  - table: a\n    la|", "tables 0 key"],
    ["tables:\n  - table: a\n  - |", "tables 1 key value"],
    ["- id: a\n  ki|", "0 key"],
    ["queries: [a, |", "queries 1 value"],
    ["{ id: a, ki|", "key"],
    ["{ id: a, node: { la|", "node key"],
    ["{ id: a, node: { label: b }, kind: |", "kind value"],
    ['{"id": "a", "kind": "fi|', "kind value"],
    ['{"id": "a",\n "ki|', "key"],
    ["{ id: 'a, { b', kind: |", "kind value"],
    ["files:\n  - { path: a, node: {\n     la|", "files 0 node key"],
    ["body: >-\n  kind: |", "body"],
    ["body: >-\n  kind: x\nki|", "key"],
    ["# kind: |", ""],
    ["url: http://a/b\n|", "key"],
  ] as const) {
    assert.equal(place(text), expected, text);
  }
});

test("whatever is written, a place is found in time that grows with the text alone", () => {
  for (const text of ["[".repeat(50_000), "{".repeat(50_000), "- ".repeat(20_000), "a: ".repeat(20_000), '"'.repeat(50_000), " ".repeat(50_000) + "x", "\u2028: \u0000{["]) {
    const begun = performance.now();
    outline(text);
    assert.ok(performance.now() - begun < 2_000, text.slice(0, 9));
  }
});

const described = (kind: string, properties: object, required: string[] = []): Described => ({
  kind,
  description: `A ${kind}`,
  schema: {
    properties: { kind: { const: kind }, id: { $ref: "#/$defs/id" }, ...properties },
    required: ["id", "kind", ...required],
    $defs: { id: { type: ["string", "integer"] }, node: { type: "object", properties: { label: { type: "string" }, id: { type: "string" } } } },
  },
});
const KINDS = [
  described("file", {
    node: { $ref: "#/$defs/node" },
    on_error: { enum: ["stop", "park"], default: "stop", description: "What happens." },
    follow: { type: ["boolean", "string"] },
    expire: { oneOf: [{ type: "string" }, { type: "object", additionalProperties: { enum: ["1d"] } }] },
    after: { type: "array", items: { type: "string" } },
    queries: { type: "array", items: { type: "string" } },
  }),
  described("http", { clock: { enum: ["wall", "input"] } }),
];

function offered(text: string) {
  const at = text.indexOf("|");
  return offers(text.replace("|", ""), at, KINDS, (field) => [`${field}-1`]).map((one) => one.put);
}

test("what the schema of the kind has is offered, and what is written already is not", () => {
  assert.deepEqual(offered("id: a\nkind: http\n|"), ["clock: "]);
  assert.deepEqual(offered("|\nkind: http\n"), ["id: ", "clock: "]);
  assert.deepEqual(offered("{ kind: file, id: 1, follow: true, after: [], queries: [], expire: x, | }"), ["node: ", "on_error: "]);
  assert.deepEqual(offered("kind: file\n|node"), ["id: ", "node:", "on_error: ", "follow: ", "expire: ", "after:", "queries:"]);
  assert.deepEqual(offered("kind: file\nnode:\n  label: a\n  |"), ["id: "]);
  assert.deepEqual(offered("kind: |"), ["file", "http"]);
  assert.deepEqual(offered("kind: file\non_error: |"), ["stop", "park"]);
  assert.deepEqual(offered("kind: file\nfollow: |"), ["true", "false"]);
  assert.deepEqual(offered("kind: file\nexpire:\n  Order: |"), ["1d"]);
  assert.deepEqual(offered("kind: file\nqueries:\n  - |"), ["queries-1"]);
  assert.deepEqual(offered("kind: file\nafter: [|"), ["after-1"]);
  // Without a kind, what any of them has.
  assert.deepEqual(offered("id: a\ncl|"), ["kind: ", "node:", "on_error: ", "follow: ", "expire: ", "after:", "queries:", "clock: "]);
  // Names of every object are no names of fields.
  assert.deepEqual(offered("kind: file\n__proto__:\n  |"), []);
  assert.deepEqual(offered("kind: file\nconstructor:\n  |"), []);
});
