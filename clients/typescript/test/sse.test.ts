/* The reader of server-sent events, fed in pieces that end anywhere. */

import assert from "node:assert/strict";
import test from "node:test";
import { Reader, type Message } from "../src/sse.js";

/** Reads a stream of bytes in pieces of this size, as a connection does. */
function read(text: string, size: number): Message[] {
  const bytes = new TextEncoder().encode(text);
  const [reader, decoder, found] = [new Reader(), new TextDecoder(), [] as Message[]];
  for (let at = 0; at < bytes.length; at += size) {
    found.push(...reader.push(decoder.decode(bytes.subarray(at, at + size), { stream: true })));
  }
  return found;
}

const STREAM =
  'event: row\ndata: {"town":"Zürich 🚆"}\n\n: a comment\n\nid: 1-7\n\nevent: result\nid: 1-8\ndata: a\ndata:  b\n\n\ndata\n\nevent: cut\ndata: of';
const EVENTS: Message[] = [
  { event: "row", id: null, data: '{"town":"Zürich 🚆"}' },
  { event: "message", id: "1-7", data: "" },
  { event: "result", id: "1-8", data: "a\n b" },
  { event: "message", id: null, data: "" },
];

test("events are the same in pieces of any size, also where a character is cut", () => {
  for (let size = 1; size <= STREAM.length + 8; size += 1) assert.deepEqual(read(STREAM, size), EVENTS, `${size}`);
});

test("lines end with a line feed, a carriage return, or both", () => {
  for (const end of ["\r", "\r\n"]) {
    for (let size = 1; size <= 12; size += 1) assert.deepEqual(read(STREAM.replaceAll("\n", end), size), EVENTS);
  }
});

test("an event that was cut off is not shown, and other characters do not end a line", () => {
  assert.deepEqual(read("event: result\nid: 1-1\ndata: {}\n", 3), []);
  assert.deepEqual(read("data: a\u2028b\u0085c\u000Bd\n\n", 2), [
    { event: "message", id: null, data: "a\u2028b\u0085c\u000Bd" },
  ]);
});

test("an id with a NUL is ignored, as the standard has it", () => {
  assert.deepEqual(read("id: 1\0-2\ndata: x\n\n", 100), [{ event: "message", id: null, data: "x" }]);
});
