/* A server that is killed at random moments while changes come: every result once and in order, every change once. */

import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, LiveRows, type Result } from "../../src/index.js";
import { config, Place, tank, until } from "./place.js";

interface Level {
  id: string;
  level: number;
}

const KILLS = Number(process.env["LIVEWELL_KILLS"] ?? 10);
/** How long the server runs before it is killed, in milliseconds, at most. */
const LIFE_MAX = 700;

test("killed anywhere, every result is seen once and in order, and the rows are those of the server", async () => {
  const place = await new Place(config()).start();
  const stop = new AbortController();
  const client = new Client<{ levels: Level; "levels-of": Level }>({ url: place.url, patience: 60_000 });
  const of = ["w0", "w1", "w2"].map((owner) => client.live("levels-of", { forEach: { owner } }));
  try {
    const [fold, seen, resets] = [new LiveRows<Level>(), [] as Result<Level>[], [] as string[]];
    const following = (async () => {
      for await (const event of client.follow("levels", { signal: stop.signal })) {
        if (event.type === "result") seen.push(event);
        if (event.type === "reset" || event.type === "snapshot_end") resets.push(event.type);
        fold.apply(event);
      }
    })();
    await Promise.all(of.map(({ ready }) => ready));
    await until("the first snapshot", () => resets.length > 0);

    let isKilling = true;
    const sending = (async () => {
      let [sent, receipt] = [0, { position: 0, sequence: 0 }];
      for (; isKilling; sent += 1) {
        receipt = await client.ingest("tanks", change(sent), { idempotencyKey: `change ${sent}`, signal: stop.signal });
        assert.equal(receipt.sequence, sent + 1, "a change that was sent again is taken in once");
      }
      return { sent, receipt };
    })();
    for (let kill = 0; kill < KILLS; kill += 1) {
      await sleep(Math.random() * LIFE_MAX);
      await place.kill();
      await sleep(Math.random() * 200);
      await place.start();
    }
    isKilling = false;
    const { sent, receipt } = await sending;

    const { rows, id, sequence } = await client.results("levels", { position: receipt.position, wait: 30_000 });
    await until("the follower has come to the end", () => fold.position === id);
    assert.deepEqual(sorted(fold.rows), sorted(new Map(rows.map(({ signature, data }) => [signature, data]))));
    assert.deepEqual(resets, ["snapshot_end"], "there is one snapshot, at the beginning");

    // What the file reaction wrote is exact under kills by a test of its own.
    const lines = (): string[] =>
      place
        .read("all.jsonl")
        .split("\n")
        .filter((line) => line !== "");
    await until("the file of all results is written", () => lines().length === sequence);
    assert.deepEqual(
      seen.map(({ id }) => id),
      Array.from({ length: sequence }, (_, at) => `1-${at + 1}`),
    );
    assert.deepEqual(
      seen.map(plain),
      lines()
        .map((line) => JSON.parse(line) as object)
        .map(theirs),
    );
    for (const [at, live] of of.entries()) {
      const { rows } = await client.results("levels-of", { forEach: { owner: `w${at}` } });
      await until(
        `the rows of w${at}`,
        () =>
          JSON.stringify(sorted(live.rows)) ===
          JSON.stringify(sorted(new Map(rows.map(({ signature, data }) => [signature, data])))),
      );
      await until(`the connection for w${at}`, () => live.status === "live");
    }
    stop.abort();
    await following;
    console.log(`${KILLS} kills, ${sent} changes, ${seen.length} results`);
  } finally {
    stop.abort();
    for (const live of of) live.close();
    await place.end();
  }
});

/** Tanks that appear, change their level and their owner, and disappear. */
function change(number: number): object {
  const id = `t${(number * 7) % 11}`;
  return number % 13 === 12 ? { operation: "delete", id } : tank(id, number, `w${(number * number) % 5}`);
}

function sorted(rows: ReadonlyMap<string, Level>): [string, Level][] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
}

function plain({ epoch, sequence, position, timestamp, diffs }: Result<Level>): object {
  return { epoch, sequence, position, timestamp, diffs: diffs.map((diff) => ({ ...diff })) };
}

/** A line of a file of results, with the names of this client. */
function theirs(line: object): object {
  const { epoch, sequence, position, timestamp, results } = line as {
    [name: string]: unknown;
    results: { row_signature: string }[];
  };
  return {
    epoch,
    sequence,
    position,
    timestamp,
    diffs: results.map(({ row_signature: signature, ...diff }) => ({ signature, ...diff })),
  };
}
