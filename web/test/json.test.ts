/* JSON whose numbers keep every digit. */

import assert from "node:assert/strict";
import test from "node:test";
import { Exact, own, parse, print, type Value } from "../data/json.ts";

test("whole numbers beyond 2^53 and fractions are printed as they came", () => {
  const text = '{"a": 9007199254740993, "b": [-9223372036854775808, 1.0, 0.1, 1e400, 18446744073709551615], "c": 42}';
  const value = parse<{ [name: string]: Value }>(text);
  assert.ok(value["a"] instanceof Exact);
  assert.equal(value["c"], 42);
  assert.equal(print(value), text);
});

test("digits within strings are text", () => {
  for (const text of ['"9007199254740993"', '"a \\" 9007199254740993 1.50"', '"\\\\"', '{"9007199254740993": "1.0"}']) {
    assert.deepEqual(parse(text), JSON.parse(text));
  }
});

test("names such as __proto__ are names like any other", () => {
  const value = parse<{ [name: string]: Value }>('{"__proto__": 1.0, "constructor": "x"}');
  assert.equal(print(own(value, "__proto__")), "1.0");
  assert.equal(own(value, "constructor"), "x");
  assert.equal(own(value, "toString"), undefined);
  assert.equal(print(value), '{"__proto__": 1.0, "constructor": "x"}');
});

test("text that is not JSON is refused, also among exact numbers", () => {
  for (const text of ["{1.0}", "[9007199254740993", "1.0.0", "01.50", ""]) assert.throws(() => parse(text));
});

test("what is printed on lines reads back the same", () => {
  const value = parse('{"a": [1.0, {"b": null}], "c": {}, "d": []}');
  assert.equal(print(parse(print(value, "\n"))), print(value));
});
