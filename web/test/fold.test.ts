/* The fold and the order, compared with rows that are computed from scratch. */

import assert from "node:assert/strict";
import test from "node:test";
import { Fold } from "../data/fold.ts";
import { Exact, print } from "../data/json.ts";
import { compare, Order } from "../data/order.ts";
import type { Data, Diff, Result, Results } from "../data/types.ts";

function results(rows: Map<string, Data>, sequence: number, isPart = false): Fold {
  const all = [...rows].map(([row_signature, data]) => ({ row_signature, data }));
  const shape: Results = { epoch: "1", sequence, position: 0, ordered: false, columns: ["id", "n"], rows: all, checked: null, state: "running", error: null };
  return new Fold(shape, isPart);
}

function result(sequence: number, diffs: Diff[], epoch = "1"): Result {
  return { epoch, sequence, position: sequence, timestamp: "", results: diffs };
}

/** A generator of numbers that gives the same ones each time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test("rows after ten thousand random diffs are those that were computed from scratch", () => {
  const next = random(7);
  const truth = new Map<string, Data>();
  const fold = results(truth, 0);
  const order = new Order();
  order.settle([], null, "");
  for (let sequence = 1; sequence <= 10_000; sequence += 1) {
    const signature = `s${Math.floor(next() * 300)}`;
    const before = truth.get(signature);
    const data = { id: signature, n: Math.floor(next() * 1000) };
    let diff: Diff;
    if (before && next() < 0.4) {
      truth.delete(signature);
      diff = { type: "DELETE", row_signature: signature, data: before };
    } else {
      truth.set(signature, data);
      diff = before ? { type: "UPDATE", row_signature: signature, before, after: data } : { type: "ADD", row_signature: signature, data };
    }
    const added = fold.apply(result(sequence, [diff]), sequence);
    for (const one of added) order.add(fold.rows.get(one)!, "");
    order.note(1 - added.length);
    order.sweep(sequence, next() < 0.5);
  }
  const expected = [...truth].map(([signature, data]) => `${signature} ${print(data)}`).sort();
  const lines = (rows: Iterable<{ signature: string; data: Data }>) => [...rows].map((row) => `${row.signature} ${print(row.data)}`).sort();
  assert.deepEqual(lines(fold.rows.values()), expected);
  // What is shown, without what is struck out, is the same, before and after it is sorted again.
  assert.deepEqual(lines(order.shown.filter((row) => row.gone === null)), expected);
  order.settle(fold.rows.values(), { column: "n", descending: false }, "");
  assert.deepEqual(lines(order.shown), expected);
  assert.ok(order.shown.every((row, at) => at === 0 || Number(order.shown[at - 1]!.data["n"]) <= Number(row.data["n"])));
  assert.equal(order.moved, 0);
});

test("a result that was applied before, or is of another epoch, changes nothing", () => {
  const fold = results(new Map([["a", { id: "a", n: 1 }]]), 5);
  const gone: Diff = { type: "DELETE", row_signature: "a", data: { id: "a", n: 1 } };
  for (const old of [result(5, [gone]), result(4, [gone]), result(6, [gone], "2")]) fold.apply(old, 0);
  assert.equal(fold.rows.size, 1);
  assert.equal(fold.at, "1-5");
});

test("rows outside of the part that is held change unseen", () => {
  const fold = results(new Map([["a", { id: "a", n: 1 }]]), 1, true);
  const data = { id: "b", n: 2 };
  assert.deepEqual(fold.apply(result(2, [{ type: "ADD", row_signature: "b", data }]), 0), []);
  fold.apply(result(3, [{ type: "UPDATE", row_signature: "a", before: { id: "a", n: 1 }, after: { id: "a", n: 3 } }]), 0);
  assert.deepEqual([...fold.rows.values()].map((row) => row.data), [{ id: "a", n: 3 }]);
});

test("a deleted row stays where it is until the rows are sorted again, and new ones come last", () => {
  const fold = results(new Map(["c", "a", "b"].map((id) => [id, { id, n: 1 }])), 0);
  const order = new Order();
  const sort = { column: "id", descending: false };
  order.settle(fold.rows.values(), sort, "");
  const added = fold.apply(
    result(1, [
      { type: "DELETE", row_signature: "b", data: {} },
      { type: "ADD", row_signature: "A", data: { id: "0", n: 1 } },
    ]),
    0,
  );
  for (const one of added) order.add(fold.rows.get(one)!, "");
  order.note(1);
  order.sweep(1_000_000, true);
  assert.deepEqual(order.shown.map((row) => [row.signature, row.gone]), [["a", null], ["b", 0], ["c", null], ["A", null]]);
  assert.deepEqual([order.moved, order.gone], [2, 1]);
  // Nobody reads any more.
  const before = order.shown;
  order.sweep(1_000_000, false);
  assert.deepEqual(order.shown.map((row) => row.signature), ["a", "c", "A"]);
  assert.deepEqual([order.shown === before, order.gone], [true, 0]);
  order.settle(fold.rows.values(), sort, "");
  assert.deepEqual(order.shown.map((row) => row.signature), ["A", "a", "c"]);
});

test("values are in one order: numbers by all their digits, text, others, null", () => {
  const big = (text: string) => new Exact(text);
  const sorted = [-1, 2, new Exact("2.5"), 10, big("9007199254740993"), big("9007199254740995"), "2", "10", "a", [1], true, null];
  const shuffled = [...sorted].reverse().sort(compare);
  assert.deepEqual(shuffled.map((value) => print(value)), sorted.map((value) => print(value)));
});

test("a search finds any part of any value, whatever its case", () => {
  const fold = results(new Map([["a", { id: "Newark", n: 1 }], ["b", { id: "Boston", n: 12 }]]), 0);
  const order = new Order();
  const found = (search: string) => {
    order.settle(fold.rows.values(), null, search);
    return order.shown.map((row) => row.signature);
  };
  assert.deepEqual(found("newARK"), ["a"]);
  assert.deepEqual(found("12"), ["b"]);
  assert.deepEqual(found("o"), ["b"]);
  assert.deepEqual(found("zzz"), []);
});
