/* Reading, sending and following against a real server, with what only a real one does. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client, LiveRows, ProblemError, type Event } from "../../src/index.js";
import { cutting } from "../faulty.js";
import { config, Place, tank, until } from "./place.js";

let place: Place;
let client: Client;

before(async () => {
  const server = ", tokens: [ { name: all, token: right, scopes: [administer] } ]";
  place = await new Place(config({ server, levels: ", outbox: { capacity: 20 }" })).start();
  client = new Client({ url: place.url, token: "right" });
});
after(() => place.end());

test("rows are read at once, in pages and one by one, with integers of any size", async () => {
  const tanks = Array.from({ length: 25 }, (_, at) => tank(`big ${at}`, 2n ** 53n + BigInt(at), `o ${at % 2}`));
  const { position, sequence } = await client.ingest("tanks", tanks);
  assert.equal(sequence, 25);
  const { rows, columns, ordered, cursor } = await client.results("levels", { position });
  assert.deepEqual([rows.length, columns, ordered, cursor], [25, ["id", "level"], false, null]);
  assert.deepEqual(new Set(rows.map(({ data }) => data["level"])).size, 25);
  const [paged, streamed]: [object[], object[]] = [[], []];
  for await (const page of client.pages("levels", { limit: 10 })) paged.push(...page.rows);
  for await (const row of client.rows("levels")) streamed.push(row);
  assert.deepEqual([paged, streamed], [rows, rows]);
  assert.equal((await client.results("levels", { search: "BIG 7" })).rows.length, 1);
  for (const end of [1, 3, 1000]) {
    const found = [];
    for await (const row of client.rows("levels")) if (found.push(row) === end) break;
    assert.equal(found.length, Math.min(end, 25));
  }
});

test("a query with for_each is read and followed by value", async () => {
  const values = { forEach: { owner: "o 1" } };
  const live = client.live("levels-of", values);
  await live.ready;
  assert.equal(live.rows.size, 12);
  const { position } = await client.ingest("tanks", [
    tank("mine", 1, "o 1"),
    tank("theirs", 1, "o 2"),
    tank("mine", 2, "o 1"),
  ]);
  const { rows } = await client.results("levels-of", { ...values, position });
  assert.equal(rows.length, 13);
  await until("it is followed", () =>
    [...live.rows.values()].some((row) => row["id"] === "mine" && row["level"] === 2),
  );
  assert.deepEqual([...live.columns], ["id", "level"]);
  live.close();
  await assert.rejects(
    client.results("levels-of", { forEach: { wrong: 1 } }),
    (error: unknown) => error instanceof ProblemError && error.code === "LW0544",
  );
});

test("an outbox that no longer reaches back is a reset, and the rows are right after it", async () => {
  const rows = new LiveRows<object>();
  for await (const event of client.follow("levels")) {
    rows.apply(event);
    if (event.type === "snapshot_end") break;
  }
  await client.ingest(
    "tanks",
    Array.from({ length: 60 }, (_, at) => tank(`t${at % 7}`, at)),
  );
  const { position } = await client.ingest("tanks", tank("last", 1));
  const { id } = await client.results("levels", { position });
  const types: Event<object>["type"][] = [];
  for await (const event of client.follow("levels", { after: rows.position })) {
    rows.apply(event);
    types.push(event.type);
    if (event.type === "reset") assert.match(event.reason, /\w/);
    if (rows.position === id) break;
  }
  assert.deepEqual(types.slice(0, 2), ["reset", "snapshot_begin"]);
  assert.equal(rows.rows.size, (await client.results("levels")).rows.length);
});

test("a wrong token and an unknown query are errors at once, with code and words", async () => {
  const wrong = new Client({ url: place.url, token: "wrong" });
  for (const call of [
    () => wrong.results("levels"),
    () => wrong.follow("levels").next(),
    () => wrong.ingest("tanks", []),
  ]) {
    await assert.rejects(
      call,
      (error: unknown) =>
        error instanceof ProblemError &&
        error.status === 401 &&
        /^LW\d{4}$/.test(error.code ?? "") &&
        error.detail !== "",
    );
  }
  await assert.rejects(
    client.follow("level").next(),
    (error: unknown) => error instanceof ProblemError && error.code === "LW0501",
  );
  const live = client.live("level");
  await assert.rejects(live.ready, ProblemError);
  assert.deepEqual([live.status, (live.error as ProblemError).status], ["failed", 404]);
});

test("a change that is refused says which, and nothing of its body is taken in", async () => {
  const refused = await client
    .ingest("tanks", [tank("new", 1), { operation: "upset" }])
    .catch((error: unknown) => error);
  assert.ok(refused instanceof ProblemError && refused.status === 400 && refused.problem["index"] === 1);
  const key = { idempotencyKey: "k" };
  const first = await client.ingest("tanks", tank("keyed", 1), key);
  assert.deepEqual(await client.ingest("tanks", tank("keyed", 1), key), first);
  await assert.rejects(
    client.ingest("tanks", tank("keyed", 2), key),
    (error: unknown) => error instanceof ProblemError && error.code === "LW0526",
  );
  await assert.rejects(
    client.results("levels", { position: first.position + 100, wait: 50 }),
    (error: unknown) => error instanceof ProblemError && error.code === "LW0705",
  );
});

test("through a proxy that cuts in the middle of events every result is seen once and in order", async () => {
  let connections = 0;
  const proxy = await cutting(place.url, () => 250 + 173 * (connections += 1));
  const stop = new AbortController();
  const seen: number[] = [];
  const begun = await client.results("levels");
  const rows = LiveRows.of(begun);
  const following = (async () => {
    for await (const event of new Client({ url: proxy.url, token: "right" }).follow("levels", {
      after: rows.position,
      signal: stop.signal,
    })) {
      rows.apply(event);
      if (event.type === "result") seen.push(event.sequence);
    }
  })();
  for (let at = 0; at < 12; at += 1) await client.ingest("tanks", tank("cut", 1000 + at));
  const { position } = await client.ingest("tanks", tank("cut", 1));
  const { id, sequence } = await client.results("levels", { position });
  await until("all results", () => rows.position === id);
  assert.deepEqual(
    seen,
    Array.from({ length: sequence - begun.sequence }, (_, at) => begun.sequence + 1 + at),
  );
  assert.ok(connections > 3, `${connections}`);
  stop.abort();
  await following;
  proxy.close();
});

test("a store that was begun again is a reset, and none of its results is left out", async () => {
  // Such a store forgets what a reaction has written.
  const memory = config().replace("kind: embedded, path: data, durability: os", "kind: memory").split("reactions:")[0]!;
  const lost = await new Place(memory).start();
  try {
    const own = new Client({ url: lost.url });
    await own.ingest("tanks", [tank("a", 1), tank("b", 1)]);
    const live = own.live("levels");
    const ids = (): string => [...live.rows.values()].map((row) => row["id"]).join(" ");
    await until("the rows", () => ids() === "a b" || ids() === "b a");
    await lost.kill();
    await lost.start();
    await own.ingest("tanks", [tank("c", 1), tank("d", 1), tank("e", 1)]);
    await until("the rows of the other store", () => ["c", "d", "e"].every((id) => ids().includes(id)));
    assert.equal(live.rows.size, 3);
    live.close();
  } finally {
    await lost.end();
  }
});
