/*
 * JSON in which no integer is rounded. JavaScript's own parser rounds integers beyond 2^53 - 1, so these travel through
 * it as text and come out as `bigint`. Other numbers are floats, which JavaScript has as Livewell does.
 */

/** A value of a column, as the API sends it; integers beyond 2^53 - 1 are `bigint`. */
export type Value = null | boolean | number | bigint | string | Value[] | { [name: string]: Value };

/** Sixteen digits in a row: what 2^53 has. Texts without them need no second look. */
const LONG = /\d{16}/;
/** A string, or a number outside of one. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const INTEGER = /^-?\d+$/;
/** Begins a string that stands for an integer. Nobody outside can guess it, so no string of a row begins so. */
const MARK = `integer ${crypto.getRandomValues(new Uint32Array(4)).join("-")} `;
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, "g");

/** Parses JSON; an integer that `number` cannot hold becomes a `bigint`. */
export function parse<T = Value>(text: string): T {
  if (!LONG.test(text)) return JSON.parse(text) as T;
  let some = false;
  const marked = text.replace(TOKEN, (token) => {
    if (!INTEGER.test(token) || Number.isSafeInteger(Number(token))) return token;
    some = true;
    return `"${MARK}${token}"`;
  });
  if (!some) return JSON.parse(text) as T;
  return JSON.parse(marked, (_, value: unknown) => {
    return typeof value === "string" && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value;
  }) as T;
}

/** Returns a value as JSON on one line; a `bigint` becomes a number with all its digits. */
export function print(value: unknown): string {
  let some = false;
  const text = JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== "bigint") return inner;
    some = true;
    return `${MARK}${inner}`;
  });
  return some ? text.replace(MARKED, "$1") : text;
}
