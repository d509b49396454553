/* The place of a reaction in an outbox. */

import assert from "node:assert/strict";
import test from "node:test";
import { keptSince, parts, secondsLeft, type Outbox } from "../data/place.ts";

const outbox: Outbox = { head: 18_402, kept: 10_000, share: 0.0264, waits: 264, waitsMost: 264, comes: 0.4, goes: 0 };

test("the bar has what is kept, and how much of it waits", () => {
  assert.equal(keptSince(outbox), 8_403);
  assert.deepEqual(parts(outbox), { done: 97.36, waiting: 2.64 });
  assert.deepEqual(parts({ ...outbox, kept: 0, waits: 0 }), { done: 100, waiting: 0 });
  assert.equal(keptSince({ ...outbox, head: 0, kept: 0 }), 1);
  // A gap: more waits than is kept.
  assert.deepEqual(parts({ ...outbox, kept: 100, waits: 200 }), { done: 0, waiting: 100 });
});

test("when it is full follows from how full it is and how fast it fills", () => {
  assert.equal(Math.round(secondsLeft(outbox) ?? 0), 24_340);
  assert.equal(secondsLeft({ ...outbox, waits: 0, share: 0 }), null);
  assert.equal(secondsLeft({ ...outbox, goes: 0.4 }), null);
  assert.equal(secondsLeft({ ...outbox, share: null }), null);
  // Another reaction is slower: how full it is says nothing of this one.
  assert.equal(secondsLeft({ ...outbox, waitsMost: 900 }), null);
  assert.equal(secondsLeft({ ...outbox, share: 1 }), 0);
});
