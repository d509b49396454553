/* The fold of a snapshot and results, compared with rows that are computed from scratch. */

import assert from "node:assert/strict";
import test from "node:test";
import { ProtocolError } from "../src/errors.js";
import { LiveRows } from "../src/rows.js";
import type { Diff, Event, Result, SnapshotEnd } from "../src/shapes.js";

interface Level {
  id: string;
  level: number;
}

function end(sequence: number): SnapshotEnd {
  return {
    type: "snapshot_end",
    id: `1-${sequence}`,
    epoch: "1",
    sequence,
    columns: ["id", "level"],
    ordered: false,
    checked: null,
    state: "caught_up",
    error: null,
  };
}

function result(sequence: number, diffs: Diff<Level>[]): Result<Level> {
  return { type: "result", id: `1-${sequence}`, epoch: "1", sequence, position: sequence, timestamp: "", diffs };
}

function snapshot(rows: Map<string, Level>, sequence: number): Event<Level>[] {
  const all = [...rows].map(([signature, data]): Event<Level> => ({ type: "row", signature, data }));
  return [{ type: "snapshot_begin" }, ...all, end(sequence)];
}

/** A generator of numbers that returns the same ones each time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test("rows after ten thousand random diffs, with snapshots in between, are those computed from scratch", () => {
  const [next, truth, live] = [random(11), new Map<string, Level>(), new LiveRows<Level>()];
  for (const event of snapshot(truth, 0)) live.apply(event);
  for (let sequence = 1; sequence <= 10_000; sequence += 1) {
    const signature = `s${Math.floor(next() * 200)}`;
    const [before, after] = [truth.get(signature), { id: signature, level: Math.floor(next() * 1000) }];
    if (before && next() < 0.4) {
      truth.delete(signature);
      live.apply(result(sequence, [{ type: "DELETE", signature, data: before }]));
    } else {
      truth.set(signature, after);
      live.apply(
        result(sequence, [
          before ? { type: "UPDATE", signature, before, after } : { type: "ADD", signature, data: after },
        ]),
      );
    }
    if (sequence % 1000 === 500) for (const event of snapshot(truth, sequence)) live.apply(event);
    assert.equal(live.position, `1-${sequence}`);
  }
  assert.deepEqual(new Map(live.rows), truth);
});

test("half a snapshot is never seen: the rows of before stay until it is complete", () => {
  const live = new LiveRows<Level>();
  const changes: string[] = [];
  live.subscribe((change) => changes.push(change.type));
  for (const event of snapshot(new Map([["a", { id: "a", level: 1 }]]), 3)) live.apply(event);
  const next = snapshot(new Map([["b", { id: "b", level: 2 }]]), 9);
  live.apply({ type: "reset", reason: "the outbox no longer reaches back" });
  for (const event of next.slice(0, 2)) live.apply(event);
  assert.deepEqual([...live.rows.keys(), live.position], ["a", "1-3"]);
  for (const event of next) live.apply(event);
  assert.deepEqual([...live.rows.keys(), live.position], ["b", "1-9"]);
  assert.deepEqual(changes, ["snapshot", "snapshot"]);
});

test("a result that contradicts the rows is refused", () => {
  const live = LiveRows.of<Level>({
    rows: [{ signature: "a", data: { id: "a", level: 1 } }],
    columns: [],
    id: "1-1",
    epoch: "1",
    sequence: 1,
    position: 1,
    ordered: false,
    checked: null,
    state: "running",
    error: null,
    cursor: null,
  });
  const data = { id: "b", level: 1 };
  for (const diff of [
    { type: "ADD", signature: "a", data },
    { type: "DELETE", signature: "b", data },
    { type: "UPDATE", signature: "b", before: data, after: data },
  ] as Diff<Level>[]) {
    assert.throws(() => live.apply(result(2, [diff])), ProtocolError, diff.type);
  }
  assert.throws(() => new LiveRows<Level>().apply(result(1, [])), ProtocolError);
});
