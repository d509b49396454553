/* JSON whose numbers keep every digit: what JavaScript would round, or print in another form, is kept as its text. */

/** A number that JavaScript cannot print as it was written, such as `9007199254740993` or `1.0`. */
export class Exact {
  constructor(readonly text: string) {}

  valueOf(): number {
    return Number(this.text);
  }

  toString(): string {
    return this.text;
  }

  toJSON(): unknown {
    return Number(this.text);
  }
}

/** A value as the API sends it. */
export type Value = null | boolean | number | string | Exact | Value[] | { [name: string]: Value };

/** Long digits, fractions and exponents are the only numbers that may not survive. */
const MAY_CHANGE = /\d{16}|\d[.eE]/;
/** A string, or a number outside of one. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/**
 * Nobody outside can guess the key under which an exact number travels through `JSON.parse`. (`randomUUID` is missing where
 * a page comes neither by TLS nor from this machine.)
 */
const KEY = `exact ${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;

/** Parses JSON. */
export function parse<T = Value>(text: string): T {
  if (!MAY_CHANGE.test(text)) return JSON.parse(text) as T;
  let some = false;
  const marked = text.replace(TOKEN, (token) => {
    if (token.startsWith('"') || String(Number(token)) === token) return token;
    some = true;
    return `{"${KEY}":"${token}"}`;
  });
  if (!some) return JSON.parse(text) as T;
  return JSON.parse(marked, (_, value: unknown) => (isMarked(value) ? new Exact(value[KEY] as string) : value)) as T;
}

function isMarked(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.hasOwn(value, KEY);
}

/** Returns a value as JSON text with all its digits. */
export function print(value: Value | undefined, indent = ""): string {
  if (value instanceof Exact) return value.text;
  if (Array.isArray(value)) return wrap("[", value.map((item) => print(item, deeper(indent))), "]", indent);
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([name, item]) => {
      return `${JSON.stringify(name)}: ${print(item, deeper(indent))}`;
    });
    return wrap("{", entries, "}", indent);
  }
  return value === undefined ? "" : JSON.stringify(value);
}

/** An indent that begins with a line feed breaks lines; none prints everything on one. */
function deeper(indent: string): string {
  return indent === "" ? "" : `${indent}  `;
}

function wrap(open: string, items: string[], close: string, indent: string): string {
  if (items.length === 0) return open + close;
  if (indent === "") return open + items.join(", ") + close;
  return `${open}${deeper(indent)}${items.join(`,${deeper(indent)}`)}${indent}${close}`;
}

/** Returns the value of a column; a name such as `__proto__` is a name like any other. */
export function own(data: { [name: string]: Value }, name: string): Value | undefined {
  return Object.hasOwn(data, name) ? data[name] : undefined;
}
