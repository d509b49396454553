/* The rule on strange text, and how numbers are shown. */

import assert from "node:assert/strict";
import test from "node:test";
import { parse } from "../data/json.ts";
import { bytes, count, cut, duration, latency, pieces, rate } from "../text.ts";

function shown(text: string, lines = false): string {
  return pieces(text, lines)
    .map((piece) => ("plain" in piece ? piece.plain : `[${piece.name}]`))
    .join("");
}

test("characters that nobody sees or that turn a line around are shown by their number", () => {
  assert.equal(shown("evil\u202egpj.exe"), "evil[U+202E]gpj.exe");
  assert.equal(shown("a\u0000b\u2028c\u00add\ufeff"), "a[U+0000]b[U+2028]c[U+00AD]d[U+FEFF]");
  assert.equal(shown("\ud800x"), "[U+D800]x");
  assert.equal(shown("\ue000\u{f0000}"), "[U+E000][U+F0000]");
  assert.equal(shown("a\nb\tc"), "a[U+000A]b[U+0009]c");
  assert.equal(shown("a\nb\tc\u202e", true), "a\nb\tc[U+202E]");
});

test("all other text stays as it is", () => {
  for (const text of ["", "Zürich", "日本語", "مرحبا", "👩\u{1f3fd}", "<img src=x onerror=alert(1)>", "</script>"]) {
    assert.equal(shown(text), text);
  }
});

test("text is cut between graphemes", () => {
  assert.deepEqual(cut("abc", 3), { text: "abc", whole: true });
  assert.deepEqual(cut("abcd", 3), { text: "abc", whole: false });
  assert.deepEqual(cut("e\u0301e\u0301e\u0301", 2), { text: "e\u0301e\u0301", whole: false });
  const family = "👨\u200d👩\u200d👧";
  assert.deepEqual(cut(family + "x", 1), { text: family, whole: false });
  // One grapheme of a million marks does not take the page with it.
  assert.ok(cut("a" + "\u0301".repeat(1_000_000), 10).text.length <= 80);
});

test("numbers have thousands apart and a unit that fits", () => {
  assert.equal(count(1234567), "1\u202f234\u202f567");
  assert.equal(count(9007199254740993n), "9\u202f007\u202f199\u202f254\u202f740\u202f993");
  assert.deepEqual(rate(2004.4), { value: "2\u202f004", unit: "/s" });
  assert.deepEqual(rate(0.37), { value: "22", unit: "/min" });
  assert.deepEqual(rate(0.001), { value: "4", unit: "/h" });
  assert.deepEqual(rate(0), { value: "0", unit: "/s" });
  assert.equal(bytes(0), "0 B");
  assert.equal(bytes(999_999), "1.0 MB");
  assert.equal(bytes(267e6), "267 MB");
  assert.equal(duration(0.25), "250 ms");
  assert.equal(duration(59.7), "1 min");
  assert.equal(duration(11_520), "3 h 12 min");
  assert.deepEqual(latency(0.0091), { value: "9.1", unit: "ms" });
  assert.deepEqual(latency(0.99999), { value: "1.0", unit: "s" });
});

test("a number of an answer that is kept as it was written is shown as any other", () => {
  const { zero, five } = parse<{ zero: number; five: number }>("{\"zero\":0.0,\"five\":5.0}");
  assert.deepEqual(rate(zero), { value: "0", unit: "/s" });
  assert.deepEqual(rate(five), { value: "5.0", unit: "/s" });
  assert.deepEqual(latency(five), { value: "5.0", unit: "s" });
  assert.equal(duration(five), "5.0 s");
  assert.equal(bytes(five), "5 B");
});
