/* Where a follower resumes, whatever has cut it off. */

import assert from "node:assert/strict";
import test from "node:test";
import { ProtocolError } from "../src/errors.js";
import { Resumption } from "../src/resumption.js";
import type { Message } from "../src/sse.js";

const ROW: Message = { event: "row", id: null, data: '{"row_signature":"aa","data":{"n":9007199254740993}}' };
const RESET: Message = { event: "reset", id: null, data: '{"reason":"gone"}' };

function end(id: string): Message {
  const [epoch, sequence] = id.split("-");
  return {
    event: "snapshot_end",
    id,
    data: `{"epoch":"${epoch}","sequence":${sequence},"columns":["n"],"ordered":false,"checked":null,"state":"running","error":null}`,
  };
}

function result(id: string): Message {
  const [epoch, sequence] = id.split("-");
  return {
    event: "result",
    id,
    data: `{"query_id":"q","epoch":"${epoch}","sequence":${sequence},"position":5,"timestamp":"t","results":[{"type":"ADD","row_signature":"bb","data":{"n":1}}]}`,
  };
}

function take(place: Resumption<unknown>, ...messages: Message[]): string[] {
  return messages
    .flatMap((message) => place.take(message))
    .map((event) => ("id" in event ? `${event.type} ${event.id}` : event.type));
}

test("a snapshot and its results have a position, which only they move", () => {
  const place = new Resumption(null, true);
  assert.deepEqual(take(place, ROW), ["snapshot_begin", "row"]);
  assert.equal(place.position, null);
  assert.deepEqual(take(place, ROW, end("1-7"), result("1-8")), ["row", "snapshot_end 1-7", "result 1-8"]);
  assert.equal(place.position, "1-8");
  assert.deepEqual(
    take(
      place,
      { event: "heartbeat", id: null, data: '{"state":"waiting","error":null}' },
      { event: "news", id: null, data: "{}" },
    ),
    [],
  );
  assert.equal(place.condition?.state, "waiting");
});

test("a snapshot without rows begins, too, and one that was cut off begins again", () => {
  assert.deepEqual(take(new Resumption(null, true), end("1-0")), ["snapshot_begin", "snapshot_end 1-0"]);
  const place = new Resumption(null, true);
  take(place, ROW);
  place.connect(null);
  assert.deepEqual(take(place, ROW, end("1-2")), ["snapshot_begin", "row", "snapshot_end 1-2"]);
});

test("a reset is an event, and its snapshot is asked for again if it is cut off", () => {
  const place = new Resumption("1-3", true);
  assert.deepEqual(take(place, RESET, ROW), ["reset", "snapshot_begin", "row"]);
  assert.equal(place.position, null);
  place.connect(null);
  assert.deepEqual(take(place, ROW, end("2-0"), result("2-1")), [
    "snapshot_begin",
    "row",
    "snapshot_end 2-0",
    "result 2-1",
  ]);
});

test("a result that was seen is not shown again, and one that is missing is an error", () => {
  const place = new Resumption("1-3", true);
  assert.deepEqual(take(place, result("1-2"), result("1-3"), result("1-4")), ["result 1-4"]);
  assert.throws(() => take(place, result("1-6")), ProtocolError);
  assert.throws(() => take(place, result("2-5")), ProtocolError);
  assert.throws(() => take(new Resumption(null, true), result("1-1")), ProtocolError);
  assert.throws(() => take(place, { event: "result", id: "1-5", data: "{" }), ProtocolError);
  assert.throws(() => new Resumption("7", true), ProtocolError);
});

test("of one value sequences have holes, and an id without data moves the position", () => {
  const place = new Resumption("1-3", false);
  assert.deepEqual(take(place, result("1-6"), { event: "message", id: "1-90", data: "" }), ["result 1-6"]);
  assert.equal(place.position, "1-90");
  assert.deepEqual(
    take(place, { event: "message", id: "1-80", data: "" }, { event: "message", id: "2-99", data: "" }),
    [],
  );
  assert.equal(place.position, "1-90");
});

test("a position is of one store: another one at the address is a reset", () => {
  const place = new Resumption("1-3", true);
  assert.deepEqual(place.connect("a"), []);
  take(place, result("1-4"));
  assert.deepEqual(place.connect("a"), []);
  assert.deepEqual(
    place.connect("b").map(({ type }) => type),
    ["reset"],
  );
  assert.equal(place.position, null);
  assert.deepEqual(place.connect("b"), []);
  assert.deepEqual(place.connect("c"), [], "a snapshot comes anyway");
});
