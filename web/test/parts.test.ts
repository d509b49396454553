/* The stream's reader, addresses, the picture's layout, charts and Markdown. */

import assert from "node:assert/strict";
import test from "node:test";
import { parse, to } from "../app/routes.ts";
import { layout } from "../data/layout.ts";
import { Reader } from "../data/sse.ts";
import type { Edge, Kind, Node } from "../data/types.ts";
import { path, top } from "../part/chart.tsx";
import { blocks } from "../part/markdown.tsx";

test("events are the same however the stream is cut into pieces", () => {
  const text = 'event: row\ndata: {"a":"x\u2028y\u0085z"}\n\nevent: result\nid: 1-2\ndata: {}\n\n: a comment\n\nid: 1-3\n\n';
  const whole = new Reader().push(text);
  assert.deepEqual(whole, [
    { event: "row", id: null, data: '{"a":"x\u2028y\u0085z"}' },
    { event: "result", id: "1-2", data: "{}" },
    { event: "message", id: "1-3", data: "" },
  ]);
  for (let size = 1; size < 20; size += 1) {
    const reader = new Reader();
    const found = [];
    for (let at = 0; at < text.length; at += size) found.push(...reader.push(text.slice(at, at + size)));
    assert.deepEqual(found, whole);
  }
});

test("an address says which view is open, and an id alone is a query", () => {
  assert.deepEqual(parse("").route, { page: "overview" });
  assert.deepEqual(parse("#/").route, { page: "overview" });
  assert.deepEqual(parse("#late").route, { page: "component", kind: "query", id: "late", tab: null });
  assert.deepEqual(parse("#/sources/ops/parked").route, { page: "component", kind: "source", id: "ops", tab: "parked" });
  assert.deepEqual(parse("#/queries").route, { page: "list", kind: "query" });
  assert.deepEqual(parse("#/errors/LW0510").route, { page: "code", code: "LW0510" });
  for (const odd of ["#%", "#/%/x", "#/nothing", "#/sources/%zz"]) assert.deepEqual(parse(odd).route, { page: "missing" });
  const { route, search } = parse("#/queries/late/rows?q=a%20b&sort=-delay?");
  assert.deepEqual(route, { page: "component", kind: "query", id: "late", tab: "rows" });
  assert.deepEqual([search.get("q"), search.get("sort")], ["a b", "-delay?"]);
});

test("any id survives its address", () => {
  for (const id of ["a/b", "a?b", "a#b", "..", "%", "<img>", "\u202e", "a b"]) {
    assert.deepEqual(parse(to("query", id, "rows")).route, { page: "component", kind: "query", id, tab: "rows" });
  }
});

function node(id: string, kind: Kind): Node {
  const rest = { epoch: "1", sequence: 0, rows: 0, lag: 0, per_second: 0, behind_bytes: null, lag_seconds: null, log_share: null };
  return { id, kind, type: null, state: "caught_up", error: null, parked: 0, dead_letters: 0, ...rest };
}

test("components stand in columns by what they read, and no line runs behind one", () => {
  const nodes = [node("s", "source"), node("a", "query"), node("b", "query"), node("r", "reaction"), node("q", "reaction")];
  const edges: Edge[] = [
    { from: "s", to: "a" },
    { from: "a", to: "b" },
    { from: "b", to: "r" },
    { from: "a", to: "q" },
    { from: "gone", to: "q" },
  ];
  const { columns, lines, height } = layout(nodes, edges);
  const shown = columns.map((slots) => slots.map((slot) => slot.id + (slot.isPassing ? "-" : "")).sort());
  assert.deepEqual(shown, [["s"], ["a"], ["a-", "b"], ["q", "r"]]);
  assert.equal(lines.length, 4);
  const far = lines.find((line) => line.to === "q");
  assert.equal(far?.middles.length, 3);
  for (const slots of columns) {
    const sorted = [...slots].sort((a, b) => a.middle - b.middle);
    sorted.forEach((slot, at) => {
      const before = sorted[at - 1];
      assert.ok(!before || slot.middle - before.middle > 28, `${slot.id} is on ${before?.id}`);
      assert.ok(slot.middle > 0 && slot.middle < height);
    });
  }
});

test("a layout ends also if components read each other", () => {
  const nodes = [node("a", "query"), node("b", "query")];
  assert.equal(layout(nodes, [{ from: "a", to: "b" }, { from: "b", to: "a" }]).columns.flat().length >= 2, true);
  assert.deepEqual(layout([], []).lines, []);
});

test("a chart has a round top, and a gap where nothing was measured", () => {
  assert.deepEqual([0, 0.07, 1, 2004, 999].map(top), [1, 0.08, 1, 2500, 1000]);
  assert.equal(path([0, null, 5, 10], 10), "M0.0 56.0M200.0 28.0L300.0 0.0");
});

test("Markdown of an error page is split into its blocks", () => {
  const page = "# LW1: Title\n\nText `code`\nmore.\n\n    indented\n    two\n\n* a\n* b\n\n```yaml\nx: 1\n\ny: 2\n```\n";
  assert.deepEqual(blocks(page), [
    { is: "heading", level: 1, text: "LW1: Title" },
    { is: "text", text: "Text `code`\nmore." },
    { is: "code", text: "indented\ntwo" },
    { is: "list", items: ["a", "b"] },
    { is: "code", text: "x: 1\n\ny: 2" },
  ]);
});
