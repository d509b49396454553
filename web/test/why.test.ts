/* Questions about rows, as addresses hold them and as they are asked. */

import assert from "node:assert/strict";
import test from "node:test";
import { bodyOf, diffOf, knownOf, pathOf, toAddress, type Known } from "../data/why.ts";

/** What is known, after it was in an address. */
function back(known: Known, before: Known = { bindings: [], columns: [], parameters: [] }): Known {
  const search = new URLSearchParams({ q: "kept" });
  for (const [name, value] of Object.entries(toAddress(before, known))) {
    if (value === null) search.delete(name);
    else search.set(name, value);
  }
  assert.equal(search.get("q"), "kept");
  return knownOf(new URLSearchParams(search.toString()));
}

test("what is known of a row survives an address, whatever its names", () => {
  const known: Known = {
    bindings: [["o", "orders/o/1&x=\u2028"], ["__proto__", "s/#?"]],
    columns: [["a.b", "1"], ["bind.o", ""]],
    parameters: [["of", "é+%20"]],
  };
  assert.deepEqual(back(known), known);
  assert.deepEqual(back({ bindings: [], columns: [], parameters: [] }, known), { bindings: [], columns: [], parameters: [] });
});

test("a question names elements by source and id, of which the id may have slashes", () => {
  const known: Known = { bindings: [["o", "orders/o/1"]], columns: [["n", "3"]], parameters: [["of", "a b"]] };
  assert.deepEqual(JSON.parse(bodyOf(known) ?? ""), { bindings: { o: { source: "orders", id: "o/1" } }, where: { n: "3" } });
  assert.equal(bodyOf({ bindings: [], columns: [], parameters: known.parameters }), null);
  assert.equal(pathOf("a/b", "why", known.parameters), "/api/v1/queries/a%2Fb/why?of=a+b");
  assert.equal(pathOf("q", "funnel", []), "/api/v1/queries/q/funnel");
});

test("a part of a history is the diff that it was", () => {
  const rest = { sequence: 1, position: 1, time: "" };
  assert.deepEqual(diffOf({ ...rest, op: "add", before: null, after: { n: 1 } }).data, { n: 1 });
  assert.deepEqual(diffOf({ ...rest, op: "delete", before: { n: 1 }, after: null }).data, { n: 1 });
  const update = diffOf({ ...rest, op: "update", before: { n: 1 }, after: { n: 2 } });
  assert.deepEqual([update.type, update.before, update.after], ["UPDATE", { n: 1 }, { n: 2 }]);
});
