/* JSON in which no integer is rounded. */

import assert from "node:assert/strict";
import test from "node:test";
import { parse, print } from "../src/json.js";

test("integers beyond 2^53 - 1 are bigint, and everything else is as JSON.parse has it", () => {
  const text =
    '{"a":9007199254740991,"b":9007199254740992,"c":-9223372036854775808,"d":[18446744073709551615,1.5,1e300,12345678901234567.0],"e":"9007199254740993","f":"12.50"}';
  assert.deepEqual(parse(text), {
    a: 9007199254740991,
    b: 9007199254740992n,
    c: -9223372036854775808n,
    d: [18446744073709551615n, 1.5, 1e300, 12345678901234568],
    e: "9007199254740993",
    f: "12.50",
  });
});

test("strings that look like numbers, escapes and names keep their text", () => {
  const text = String.raw`{"9007199254740993":"say \"9007199254740993\" \\","n":9007199254740993,"__proto__":1}`;
  const value = parse<Record<string, unknown>>(text);
  assert.equal(value["9007199254740993"], String.raw`say "9007199254740993" \ `.trim());
  assert.equal(value["n"], 9007199254740993n);
  assert.ok(Object.hasOwn(value, "__proto__"));
});

test("what is not JSON is refused also among long digits", () => {
  for (const text of [
    "9007199254740993 9007199254740993",
    "[9007199254740993",
    "09007199254740993",
    "9007199254740993n",
  ]) {
    assert.throws(() => parse(text), SyntaxError, text);
  }
});

test("bigint is printed with all its digits, alone among what is printed", () => {
  assert.equal(
    print({ a: 9007199254740993n, b: [-5n, "5", null, undefined], c: undefined }),
    '{"a":9007199254740993,"b":[-5,"5",null,null]}',
  );
  const value = { id: 9223372036854775807n, text: 'a "9007199254740993"' };
  assert.deepEqual(parse(print(value)), value);
});
