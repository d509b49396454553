/* What came in: what is worth a look, and the part of a text around a place. */

import assert from "node:assert/strict";
import test from "node:test";
import { endOf, warnings, type Property } from "../data/coming.ts";
import { around } from "../text.ts";

function property(count: number, types: { [type: string]: number }): Property {
  return { name: "p", count, types, examples: [] };
}

test("values of several types are worth a look, numbers of several kinds are not", () => {
  assert.deepEqual(warnings(property(100, { integer: 98, float: 2 }), 100), []);
  assert.deepEqual(warnings(property(100, { integer: 97, string: 3 }), 100), [
    "3 are string: a comparison with integer does not hold for them",
  ]);
  assert.deepEqual(warnings(property(100, { string: 99, boolean: 1 }), 100), [
    "1 is boolean: a comparison with string does not hold for them",
  ]);
});

test("a property that hardly any element has is rare, unless there are few", () => {
  assert.equal(warnings(property(1, { string: 1 }), 400).length, 1);
  assert.equal(warnings(property(1, { string: 1 }), 10).length, 0);
  assert.equal(warnings(property(8, { string: 8 }), 400).length, 0);
});

test("a text is cut around a column, in whole characters", () => {
  assert.deepEqual(around("abc", 2, 10), { text: "abc", at: 0, whole: true });
  const long = `${"😀".repeat(100)}X${"y".repeat(1_000)}`;
  const cut = around(long, 101, 40);
  assert.equal([...cut.text][100 - cut.at], "X");
  assert.equal([...cut.text].length, 40);
  assert.equal(cut.whole, false);
});

test("an end is of its own source, or of the one that it names", () => {
  assert.deepEqual(endOf("a/b", "s"), { source: "s", id: "a/b" });
  assert.deepEqual(endOf({ source: "t", id: "x" }, "s"), { source: "t", id: "x" });
});
