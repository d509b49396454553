/* What a client does about servers that refuse, stall, end and lie. */

import assert from "node:assert/strict";
import test from "node:test";
import { Client, ProblemError, ProtocolError, UnreachableError, type Event, type Status } from "../src/index.js";
import { faulty, refuse, stream } from "./faulty.js";

const RESULTS =
  '{"epoch":"1","sequence":4,"position":9,"checked":null,"state":"caught_up","error":null,"config_hash":"0","ordered":false,"columns":["n"],"rows":[{"row_signature":"aa","data":{"n":9007199254740993}}]}';
const END =
  'event: snapshot_end\nid: 1-4\ndata: {"epoch":"1","sequence":4,"columns":["n"],"ordered":false,"checked":null,"state":"caught_up","error":null}\n\n';

function result(sequence: number): string {
  return `event: result\nid: 1-${sequence}\ndata: {"query_id":"q","epoch":"1","sequence":${sequence},"position":9,"timestamp":"t","results":[]}\n\n`;
}

/** Returns the first events of a query. */
async function first(events: AsyncIterable<Event<object>>, count: number): Promise<string[]> {
  const found: string[] = [];
  for await (const event of events) {
    found.push("id" in event ? `${event.type} ${event.id}` : event.type);
    if (found.length === count) break;
  }
  return found;
}

test("what a new attempt cannot mend is thrown at once, with what the server says", async () => {
  for (const [status, code] of [
    [400, "LW0701"],
    [401, "LW0715"],
    [403, "LW0716"],
    [404, "LW0501"],
    [422, "LW0526"],
  ] as const) {
    const server = await faulty((_, response) => refuse(response, status, code));
    const client = new Client({ url: server.url, token: "wrong" });
    const is = (error: unknown): boolean => {
      assert.ok(error instanceof ProblemError);
      assert.deepEqual(
        [error.status, error.code, error.detail, error.problem["index"]],
        [status, code, `refused by ${code}`, 3],
      );
      return true;
    };
    await assert.rejects(first(client.follow("q"), 1), is);
    await assert.rejects(client.results("q"), is);
    await assert.rejects(client.ingest("s", []), is);
    assert.equal(server.requests.length, 3);
    assert.equal(server.requests[0]?.headers.authorization, "Bearer wrong");
    server.close();
  }
});

test("a server that is busy is called again, not before it asks for that", async () => {
  const times: number[] = [];
  const server = await faulty((_, response, number) => {
    times.push(Date.now());
    if (number === 0) refuse(response, 429, "LW0524", { "retry-after": "1" });
    else if (number === 1) refuse(response, 503, "LW0704");
    else
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(number === 2 ? '{"position":7,"sequence":2}' : RESULTS);
  });
  const client = new Client({ url: server.url });
  assert.deepEqual(await client.ingest("s", { id: 1n }), { position: 7, sequence: 2 });
  assert.ok(times[1]! - times[0]! >= 1000, `${times}`);
  const keys = server.requests.map((request) => request.headers["idempotency-key"]);
  assert.ok(keys[0]!.length === 32 && new Set(keys).size === 1, "an attempt has the key of the one before");
  const { rows, id } = await client.results("q");
  assert.deepEqual([rows, id], [[{ signature: "aa", data: { n: 9007199254740993n } }], "1-4"]);
  server.close();
});

test("patience ends with the error, and without patience there is one attempt", async () => {
  const server = await faulty((_, response) => refuse(response, 503, "LW0704"));
  const began = Date.now();
  await assert.rejects(new Client({ url: server.url, patience: 700 }).results("q"), ProblemError);
  assert.ok(Date.now() - began <= 800 && server.requests.length === 2, `${server.requests.length}`);
  await assert.rejects(new Client({ url: server.url, patience: 0 }).results("q"), ProblemError);
  assert.equal(server.requests.length, 3);
  await assert.rejects(first(new Client({ url: server.url }).follow("q", { patience: 0 }), 1), ProblemError);
  server.close();
  await assert.rejects(new Client({ url: server.url, patience: 0 }).results("q"), UnreachableError);
});

test("a stream that is refused, ended and cut goes on where it was", async () => {
  const asked: (string | null)[] = [];
  const server = await faulty((request, response, number) => {
    asked.push(new URL(request.url!, "http://x").searchParams.get("after"));
    if (number === 0) refuse(response, 503, "LW0704");
    else if (number === 1)
      (stream(response, `${END}${result(5)}${result(6).slice(0, -9)}`), setTimeout(() => response.destroy(), 20));
    else if (number === 2) (stream(response, result(6)), response.end());
    else stream(response, `${result(7)}${result(8)}`);
  });
  const statuses: Status[] = [];
  const events = new Client({ url: server.url }).follow("q", { onStatus: (status) => statuses.push(status) });
  assert.deepEqual(await first(events, 6), [
    "snapshot_begin",
    "snapshot_end 1-4",
    "result 1-5",
    "result 1-6",
    "result 1-7",
    "result 1-8",
  ]);
  assert.deepEqual(asked, [null, null, "1-5", "1-6"]);
  const connections = statuses.map(({ connection }) => connection).filter((now, at, all) => now !== all[at - 1]);
  assert.deepEqual(connections, [
    "connecting",
    "waiting",
    "connecting",
    "live",
    "waiting",
    "connecting",
    "live",
    "waiting",
    "connecting",
    "live",
  ]);
  assert.ok(
    statuses.every(({ connection, error, retryIn }) => connection !== "waiting" || (error !== null && retryIn! >= 250)),
  );
  server.close();
});

test("a connection that is silent is given up and made again", async () => {
  const server = await faulty((_, response, number) => {
    if (number === 0) return;
    if (number === 1) stream(response, END);
    else stream(response, result(5));
  });
  const client = new Client({ url: server.url, silence: 150 });
  assert.deepEqual(await first(client.follow("q"), 3), ["snapshot_begin", "snapshot_end 1-4", "result 1-5"]);
  assert.equal(server.requests.length, 3);
  server.close();
});

test("an answer that is not Livewell's is an error, and not tried again", async () => {
  const answers: [string, string][] = [
    ["text/html", "<html>"],
    ["text/event-stream", "event: result\nid: 1-1\ndata: {\n\n"],
    ["application/json", "{"],
  ];
  for (const [type, body] of answers) {
    const server = await faulty((_, response) => response.writeHead(200, { "content-type": type }).end(body));
    const client = new Client({ url: server.url });
    await assert.rejects(
      type === "application/json" ? client.results("q") : first(client.follow("q"), 1),
      ProtocolError,
    );
    assert.equal(server.requests.length, 1);
    server.close();
  }
  const bare = await faulty((_, response) => response.writeHead(502, { "content-type": "text/html" }).end("<html>"));
  const error = await new Client({ url: bare.url, patience: 0 }).results("q").catch((error: unknown) => error);
  assert.ok(error instanceof ProblemError && error.code === null && error.status === 502);
  bare.close();
});

test("rows that are cut off are not taken for all rows", async () => {
  const row = '{"row_signature":"aa","data":{"n":1}}\n';
  const server = await faulty((_, response) =>
    response.writeHead(200, { "content-type": "application/x-ndjson", "livewell-rows": "3" }).end(row + row),
  );
  const found: object[] = [];
  await assert.rejects(async () => {
    for await (const { data } of new Client({ url: server.url }).rows("q")) found.push(data);
  }, UnreachableError);
  assert.deepEqual(found, [{ n: 1 }, { n: 1 }]);
  server.close();
});

test("the caller ends a call, a pause and an iteration", async () => {
  const server = await faulty((_, response, number) => (number === 0 ? refuse(response, 503, "LW0704") : undefined));
  const client = new Client({ url: server.url });
  const reason = new Error("enough");
  for (const wait of [100, 900]) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(reason), wait);
    await assert.rejects(client.results("q", { signal: stop.signal }), reason);
    clearTimeout(timer);
  }
  assert.deepEqual(await first(client.follow("q", { signal: AbortSignal.timeout(100) }), 1), []);
  assert.deepEqual(await first(client.follow("q", { signal: AbortSignal.abort() }), 1), []);
  server.close();
});

test("a token is asked for before each call, and one that cannot be had is waited for", async () => {
  const server = await faulty((_, response) =>
    response.writeHead(200, { "content-type": "application/json" }).end(RESULTS),
  );
  let asked = 0;
  const token = async (): Promise<string> => {
    asked += 1;
    if (asked === 1) throw new Error("the provider is away");
    return `t${asked}`;
  };
  const client = new Client({ url: server.url, token });
  await client.results("q");
  await client.results("q");
  assert.deepEqual(
    server.requests.map(({ headers }) => headers.authorization),
    ["Bearer t2", "Bearer t3"],
  );
  server.close();
});

test("another store at the address is a reset, after which its snapshot comes", async () => {
  const asked: (string | null)[] = [];
  const server = await faulty((request, response, number) => {
    asked.push(new URL(request.url!, "http://x").searchParams.get("after"));
    response.setHeader("livewell-store", number === 0 ? "a" : "b");
    stream(response, number === 1 ? result(5) : END);
    if (number === 0) setTimeout(() => response.destroy(), 20);
  });
  const client = new Client({ url: server.url });
  const snapshot = ["snapshot_begin", "snapshot_end 1-4"];
  assert.deepEqual(await first(client.follow("q"), 5), [...snapshot, "reset", ...snapshot]);
  assert.deepEqual(asked, [null, "1-4", null]);
  server.close();
});
