/* What the store page says, and which events are wanted. */

import assert from "node:assert/strict";
import test from "node:test";
import { bySize, hints, partName, type StoreAnswer } from "../data/held.ts";
import { isWanted, parameters, wanted } from "../data/happened.ts";
import type { Event } from "../data/types.ts";

const room = { kind: "embedded", engine: "lmdb", format: 1, data_bytes: 100, file_bytes: 200, limit_bytes: 1_000 };
const disk = { available_bytes: 500, disk_bytes: 1_000 };
const size = { entries: 0, bytes: 0, exact: true };

function store(changes: Partial<StoreAnswer>): StoreAnswer {
  const snapshots = { open: 1, oldest_seconds: 1 };
  const plain = { store_id: "0", position: 1, room: { ...room, ...disk }, reusable_bytes: 10, snapshots };
  return { ...plain, kept_elsewhere: [], parts: [], deleting: size, components: [], next: null, ...changes };
}

test("a store with room and short readers needs no words", () => {
  assert.deepEqual(hints(store({})), []);
});

test("each shortage is said once", () => {
  const severities = (changes: Partial<StoreAnswer>) => hints(store(changes)).map(({ severity }) => severity);
  assert.deepEqual(severities({ room: { ...room, ...disk, available_bytes: 50 } }), ["warning"]);
  assert.deepEqual(severities({ room: { ...room, ...disk, data_bytes: 950 } }), ["warning"]);
  assert.deepEqual(severities({ reusable_bytes: 200_000_000 }), ["note"]);
  const memory = { ...room, kind: "memory", limit_bytes: null, available_bytes: null, disk_bytes: null };
  assert.deepEqual(severities({ room: memory, reusable_bytes: null }), ["note"]);
});

test("the largest comes first, and an unknown part has its name", () => {
  const of = [1, 3, 2].map((bytes) => ({ ...size, bytes }));
  assert.deepEqual(bySize(of).map(({ bytes }) => bytes), [3, 2, 1]);
  assert.equal(partName("a_new_part"), "a new part");
});

const event: Event = {
  number: 7,
  time: "2026-11-30T12:00:00Z",
  what: "call",
  component: { kind: "query", id: "late" },
  from: null,
  to: null,
  code: null,
  message: "It WAS rebuilt",
  caller: "ops",
  call: "reset",
  status: 202,
};

test("what is wanted of events is read from the address, and asked for in the words of the call", () => {
  const of = wanted(new URLSearchParams("component=late&kind=table&what=call&who=ops&code=x&q=was+rebuilt"));
  assert.deepEqual(of, { component: "late", kind: "", what: "call", who: "ops", code: "", words: "was rebuilt" });
  assert.equal(parameters(of), "&component=late&what=call&caller=ops&search=was+rebuilt");
  assert.equal(parameters(wanted(new URLSearchParams())), "");
});

test("an event that comes is wanted as the server would have it", () => {
  const is = (search: string) => isWanted(event, wanted(new URLSearchParams(search)));
  for (const search of ["", "component=late", "kind=query", "what=call", "who=ops", "q=was", "q=RESET"]) assert.ok(is(search), search);
  for (const search of ["component=la", "kind=source", "what=gap", "who=op", "code=LW0510", "q=nothing"]) {
    assert.ok(!is(search), search);
  }
});
