/* Pauses between attempts. */

import assert from "node:assert/strict";
import test from "node:test";
import { Backoff, pause, retryAfter } from "../src/backoff.js";

test("pauses double up to half a minute, half of each by chance, and begin again", () => {
  const [shortest, longest] = [new Backoff(() => 0), new Backoff(() => 1)];
  const twelve = (backoff: Backoff): number[] => Array.from({ length: 12 }, () => backoff.next());
  assert.deepEqual(twelve(longest).slice(0, 8), [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
  assert.deepEqual(twelve(shortest).slice(0, 8), [250, 500, 1000, 2000, 4000, 8000, 15000, 15000]);
  longest.reset();
  assert.equal(longest.next(), 500);
});

test("a pause is never shorter than the server asks for, and what it asks for has a limit", () => {
  const backoff = new Backoff(() => 0);
  assert.equal(backoff.next(7000), 7000);
  assert.equal(new Backoff(() => 1).next(7000), 7500);
  assert.equal(backoff.next(0), 500);
  assert.equal(backoff.next(1e9), 300_000);
});

test("Retry-After is seconds or a date", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  assert.equal(retryAfter("3", now), 3000);
  assert.equal(retryAfter("Thu, 01 Jan 2026 00:00:05 GMT", now), 5000);
  assert.equal(retryAfter("Wed, 31 Dec 2025 00:00:00 GMT", now), 0);
  for (const other of [null, "", "soon", "-1"]) assert.equal(retryAfter(other, now), null, `${other}`);
});

test("a pause ends when the caller gives up", async () => {
  const stop = new AbortController();
  const long = pause(60_000, stop.signal);
  stop.abort();
  await long;
  await pause(60_000, stop.signal);
});
