/*
 * The rule on strange text, in one place.
 *
 * Ids, labels, values, reasons and letters come from outside. They go into the document as text nodes and nothing else.
 * Characters that nobody sees, or that turn a line around, are shown by their number.
 */

/** Controls, invisible and direction-turning characters, private use, and halves of a pair on their own. */
const STRANGE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\p{Co}\p{Cs}]/u;

/** A run of plain text, or one strange character. */
export type Piece = { plain: string } | { strange: string; name: string };

/** Splits text into what can be shown as it is and what is shown by its number. With `lines`, line feeds and tabs are plain. */
export function pieces(text: string, lines = false): Piece[] {
  if (!STRANGE.test(text)) return text === "" ? [] : [{ plain: text }];
  const found: Piece[] = [];
  let plain = "";
  for (const character of text) {
    const isLayout = lines && (character === "\n" || character === "\t");
    if (isLayout || !STRANGE.test(character)) {
      plain += character;
      continue;
    }
    if (plain !== "") found.push({ plain });
    plain = "";
    found.push({ strange: character, name: codePoint(character) });
  }
  if (plain !== "") found.push({ plain });
  return found;
}

function codePoint(character: string): string {
  const number = character.codePointAt(0) ?? 0;
  return `U+${number.toString(16).toUpperCase().padStart(4, "0")}`;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Returns the first `most` characters as people count them, and whether that is all. */
export function cut(text: string, most: number): { text: string; whole: boolean } {
  if (text.length <= most) return { text, whole: true };
  // A grapheme can be of any length; what is looked at is bounded.
  const looked = text.slice(0, most * 8);
  let kept = "";
  let count = 0;
  for (const { segment } of graphemes.segment(looked)) {
    if (count === most) return { text: kept, whole: false };
    kept += segment;
    count += 1;
  }
  return { text: kept, whole: kept.length === text.length };
}

/**
 * Returns about `most` characters of a text around a column, in characters from 1, how many were left out before, and
 * whether the rest is all there. A text of any length costs as much as what is before the column.
 */
export function around(text: string, column: number, most: number): { text: string; at: number; whole: boolean } {
  const before = [...text.slice(0, 2 * column)].slice(0, column - 1);
  const at = before.length < most / 2 ? 0 : before.length - Math.floor(most / 4);
  const left = before.slice(0, at).join("").length;
  return { ...cut(text.slice(left), most), at };
}

/** Returns a count with thin spaces between its thousands. */
export function count(number: number | bigint): string {
  return number.toString().replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

/** Returns a number of things: `1 row`, `3 rows`. */
export function things(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** Returns a number of an answer as one to count with: `data/json.ts` keeps `0.0` as it was written. */
function plain(number: number): number {
  return Number(number);
}

/** Returns a rate with its unit: `2 004 /s`, `22 /min`, `4 /h`. */
export function rate(given: number): { value: string; unit: string } {
  const perSecond = plain(given);
  if (perSecond >= 10) return { value: count(Math.round(perSecond)), unit: "/s" };
  if (perSecond >= 1) return { value: perSecond.toFixed(1), unit: "/s" };
  if (perSecond * 60 >= 1) return { value: String(Math.round(perSecond * 60)), unit: "/min" };
  const hourly = Math.round(perSecond * 3600);
  return hourly > 0 ? { value: String(hourly), unit: "/h" } : { value: "0", unit: "/s" };
}

/** Returns bytes with a decimal unit: `267 MB`. */
export function bytes(number: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = plain(number);
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** Returns a duration in its two greatest units: `3 h 12 min`. */
export function duration(given: number): string {
  const seconds = plain(given);
  if (seconds < 0.001) return "0 s";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const parts: [number, string][] = [
    [Math.floor(whole / 86400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([number]) => number > 0);
  const shown = parts.slice(first, first + 2).filter(([number]) => number > 0);
  return shown.map(([number, unit]) => `${number} ${unit}`).join(" ");
}

/** Returns seconds as milliseconds or seconds, for latencies. */
export function latency(given: number): { value: string; unit: string } {
  const seconds = plain(given);
  if (seconds < 0.9995) {
    const milliseconds = seconds * 1000;
    return { value: milliseconds < 10 ? milliseconds.toFixed(1) : String(Math.round(milliseconds)), unit: "ms" };
  }
  return { value: seconds < 10 ? seconds.toFixed(1) : count(Math.round(seconds)), unit: "s" };
}

/** Returns a moment as local time of day, with the date if it is not today. */
export function clock(moment: Date, now = new Date()): string {
  const time = moment.toLocaleTimeString("en-GB");
  if (moment.toDateString() === now.toDateString()) return time;
  return `${moment.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" })}, ${time}`;
}

/** Returns a moment in full with the zone, for the hover of a time. */
export function zoned(moment: Date): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return `${moment.toLocaleString("en-GB")} (${zone}), ${moment.toISOString()}`;
}

/** Returns a state in words. */
export function inWords(state: string): string {
  return state.replaceAll("_", " ");
}
