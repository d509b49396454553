/* An order that the server holds, against a server that changes while pages are on their way. */

import assert from "node:assert/strict";
import test from "node:test";
import type { Data, Diff, Result } from "../data/types.ts";
import { View, type Made } from "../data/view.ts";

/** A generator of numbers that gives the same ones each time. */
function random(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * end);
  };
}

const TOTAL = 450;

/** A query with rows that change, and the call for a page of its view. */
class Server {
  sequence = 7;
  readonly rows = new Map<string, Data>();

  constructor(readonly below: (end: number) => number) {
    for (let at = 0; at < TOTAL; at += 1) this.rows.set(`s${at}`, { id: at, n: 0 });
  }

  change(): Result {
    this.sequence += 1;
    const signature = `s${this.below(TOTAL)}`;
    const before = this.rows.get(signature);
    const after = { id: Number(signature.slice(1)), n: this.sequence };
    let diff: Diff;
    if (before && this.below(4) === 0) {
      this.rows.delete(signature);
      diff = { type: "DELETE", row_signature: signature, data: before };
    } else {
      this.rows.set(signature, after);
      diff = before
        ? { type: "UPDATE", row_signature: signature, before, after }
        : { type: "ADD", row_signature: signature, data: after };
    }
    return { epoch: "1", sequence: this.sequence, position: 0, timestamp: "", results: [diff] };
  }

  page(offset: number, limit: number): string {
    const places = Array.from({ length: Math.min(limit, TOTAL - offset) }, (_, index) => `s${offset + index}`);
    const rows = places.map((row_signature) => ({ row_signature, data: this.rows.get(row_signature) ?? null, changed: false }));
    return JSON.stringify({ now: this.sequence, rows });
  }
}

const made: Made = { view: "v", epoch: "1", sequence: 7, position: 0, columns: ["id", "n"], ordered: false, total: TOTAL };
const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

test("rows that were read are those of the server, whichever came first, page or result", async () => {
  const below = random(11);
  const server = new Server(below);
  const late: Result[] = [];
  let recent: Result[] = [];
  const stub = { window: globalThis, sessionStorage: { getItem: () => null } };
  Object.assign(globalThis, stub);
  globalThis.fetch = async (input) => {
    const asked = new URL(String(input), "http://here").searchParams;
    const body = server.page(Number(asked.get("offset")), Number(asked.get("limit")));
    await pause(below(4));
    return new Response(body);
  };
  const view = new View("q", { sort: [], search: "" }, made, () => recent, () => {
    throw new Error("it was lost");
  });
  const deliver = (result: Result) => {
    view.apply(result);
    recent = [result, ...recent];
  };
  for (let step = 0; step < 300; step += 1) {
    late.push(server.change());
    if (below(3) === 0) for (const result of late.splice(0, below(late.length + 1))) deliver(result);
    const first = below(TOTAL);
    view.need(first, first + 30);
    if (below(2) === 0) await pause(below(3));
  }
  for (let first = 0; first < TOTAL; first += 90) {
    view.need(first, first + 90);
    await pause(90);
  }
  for (const result of late) deliver(result);
  for (let at = 0; at < TOTAL; at += 1) {
    const row = view.at(at);
    if (!row) throw new Error(`row ${at} was not read`);
    const expected = server.rows.get(row.signature);
    assert.equal(row.gone === null, expected !== undefined, row.signature);
    if (expected) assert.deepEqual(row.data, expected);
    assert.equal(view.indexOf(row.signature), at);
  }
  view.close();
});
