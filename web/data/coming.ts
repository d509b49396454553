/* What came in: the shapes of the calls about the contents and the progress of a source, and how they are read. */

import { call, of } from "./client.ts";
import type { Value } from "./json.ts";

export interface Property {
  name: string;
  count: number;
  types: { [type: string]: number };
  examples: Value[];
}

export interface LabelOf {
  name: string;
  count: number;
  properties: Property[];
}

export interface TypeOf extends LabelOf {
  ends: { from: string[]; to: string[]; count: number }[];
}

/** An end of a relationship: an id of its own source, or one with the source that it is of. */
export type End = string | { source: string; id: string };

/** What a source is made of. */
export interface Schema {
  position: number;
  sampled: boolean;
  elements: number;
  elements_read: number;
  nodes: number;
  relationships: number;
  labels: LabelOf[];
  types: TypeOf[];
  others: number;
  dangling: { count: number; ids: string[]; missing: End[] };
}

/** A node has labels, a relationship a type and ends. */
export interface Element {
  id: string;
  labels?: string[];
  type?: string;
  from?: End;
  to?: End;
  properties: { [name: string]: Value };
}

export interface Elements {
  elements: Element[];
  next: string | null;
  looked_at: number;
}

export interface Trace {
  last_change: { timestamp: string; position: number | null };
  queries: string[];
  asked: number;
  readers: number;
}

export interface Taken {
  position: number;
  timestamp: string;
  changes: number;
  inserted: number | null;
  updated: number | null;
  deleted: number | null;
  ids: string[];
  results: { query_id: string; epoch: string; sequence: number; diffs: number }[];
}

export interface Transactions {
  transactions: Taken[];
  next: number | null;
  queries: { query_id: string; from: number | null; to: number }[];
  readers: number;
}

export interface Part {
  name: string;
  state: "done" | "under_way" | "waiting";
  done: number;
  total: number | null;
  unit: "bytes" | "rows";
}

/** How far a source is outside. */
export interface Progress {
  copying: boolean;
  parts: Part[];
  parts_total: number;
  done: number | null;
  total: number | null;
  unit: "bytes" | "rows" | null;
  per_second: number | null;
  seconds_left: number | null;
  behind_bytes: number | null;
  behind_messages: number | null;
  last_commit: string | null;
  lag_seconds: number | null;
  waits_for: string | null;
  held: { kind: string; name: string | null; bytes: number; left_bytes: number | null; limit_bytes: number | null } | null;
}

/** Which elements are listed. */
export interface Wanted {
  prefix?: string;
  label?: string;
  type?: string;
  end?: string;
}

/** Reads a page of the elements of a source. */
export function readElements(
  source: string,
  wanted: Wanted,
  after: string | null,
  limit: number,
  signal: AbortSignal,
): Promise<Elements> {
  const search = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of Object.entries(wanted)) if (value) search.set(name, value);
  if (after !== null) search.set("after", after);
  return call(of("sources", source, `/elements?${search}`), { signal });
}

/** Returns the source and the id of an end of a relationship of `source`. */
export function endOf(end: End, source: string): { source: string; id: string } {
  return typeof end === "string" ? { source, id: end } : end;
}

/** What is worth a look at a property: values of several types, or few elements that have it. */
export function warnings(property: Property, of: number): string[] {
  const found: string[] = [];
  const types = Object.entries(property.types).filter(([type]) => type !== "null");
  types.sort(([, one], [, other]) => other - one);
  const isNumber = (type: string) => type === "integer" || type === "float" || type === "decimal";
  const [most, ...others] = types;
  const other = others.find(([type]) => !(most && isNumber(most[0]) && isNumber(type)));
  if (most && other) {
    found.push(`${other[1]} ${other[1] === 1 ? "is" : "are"} ${other[0]}: a comparison with ${most[0]} does not hold for them`);
  }
  if (of >= RARE_OF && property.count / of < RARE) found.push("rare: most have no such property");
  return found;
}

/** A property that fewer than this share of so many elements have is rare. */
const RARE = 0.02;
const RARE_OF = 50;
