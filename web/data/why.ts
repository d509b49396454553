/* Why a row is here, why it is not, and where the rows of a query end: what the server answers, and how it is asked. */

import { of } from "./client.ts";
import type { Value } from "./json.ts";
import type { Data, Diff, Row } from "./types.ts";

/** An element that a step has bound or used. */
export interface Bound {
  variable: string | null;
  source: string;
  id: string;
  labels: string[];
  /** Those of its properties that the query uses. */
  properties: Data;
}

/** A row before it became part of another. */
export interface Member {
  elements: Bound[];
  values: Data;
}

/** The place of a row in an order, of which a window keeps a part. */
export interface Rank {
  rank: number | null;
  of: number;
  skip: number;
  limit: number | null;
  before: Member[];
}

export interface Step {
  kind: string;
  /** Which query of a UNION it is in, from 1. */
  branch: number | null;
  text: string;
  /** Whether the row passes it; `null`: it was not reached, or decides nothing. */
  ok: boolean | null;
  /** How many partial matches, rows or groups are left after it. */
  left: number | null;
  value?: Value;
  used: { text: string; value: Value }[];
  elements: Bound[];
  members?: { count: number; first: Member[] };
  rank?: Rank;
  note: string | null;
  steps?: Step[];
}

interface Happened {
  sequence: number;
  position: number;
  time: string;
  op: "add" | "update" | "delete";
  before: Data | null;
  after: Data | null;
}

export interface Explanation {
  epoch: string;
  sequence: number;
  position: number;
  here: boolean;
  /** How many rows have what was given; the first is explained. */
  rows: number;
  row: { row_signature: string | null; data: Row["data"] } | null;
  steps: Step[];
  history: Happened[];
  history_from: number;
  note: string | null;
}

export interface Funnel {
  epoch: string;
  sequence: number;
  position: number;
  rows: number | null;
  steps: Step[];
  /** The limit at which it ended early; the counts are then what there is at least. */
  stopped: "time" | "memory" | "matches" | null;
}

/** What of the answer of `explain` a question can name. */
export interface Named {
  columns: string[];
  /** The parameters of `for_each`, each of which needs a value; their columns come first. */
  for_each: string[];
  variables: string[];
  sources: string[];
}

/** What is known of a row: elements of variables as `SOURCE/ID`, values of columns, and of the parameters of `for_each`. */
export interface Known {
  bindings: [variable: string, element: string][];
  columns: [name: string, value: string][];
  parameters: [name: string, value: string][];
}

/** Which parts of an address hold what is known; a name of the query follows each. */
const PREFIXES = { bindings: "bind.", columns: "has.", parameters: "of." } as const;
const PARTS = ["bindings", "columns", "parameters"] as const;

/** Reads what is known of a row from an address. */
export function knownOf(search: URLSearchParams): Known {
  const entries = [...search];
  const part = (prefix: string) =>
    entries.filter(([name]) => name.startsWith(prefix)).map(([name, value]): [string, string] => [name.slice(prefix.length), value]);
  return { bindings: part(PREFIXES.bindings), columns: part(PREFIXES.columns), parameters: part(PREFIXES.parameters) };
}

/** Returns the changes of an address by which it holds what is known, and nothing that was known before. */
export function toAddress(before: Known, known: Known): { [name: string]: string | null } {
  const changes = new Map<string, string | null>();
  for (const part of PARTS) {
    for (const [name] of before[part]) changes.set(PREFIXES[part] + name, null);
    for (const [name, value] of known[part]) changes.set(PREFIXES[part] + name, value);
  }
  return Object.fromEntries(changes);
}

/** Returns the path of a call, with values for the parameters of `for_each`. */
export function pathOf(query: string, call: "why" | "funnel", parameters: Known["parameters"]): string {
  const values = new URLSearchParams(parameters).toString();
  return of("queries", query, `/${call}${values && `?${values}`}`);
}

/** Returns the body that asks about a row of which this is known; `null` if nothing is. */
export function bodyOf({ bindings, columns }: Known): string | null {
  if (bindings.length + columns.length === 0) return null;
  const elements = bindings.map(([variable, element]) => {
    // No id of a source has a slash; an element's may.
    const [source = "", id = ""] = element.split(/\/(.*)/s, 2);
    return [variable, { source, id }] as const;
  });
  const asked = { bindings: Object.fromEntries(elements), where: Object.fromEntries(columns) };
  return JSON.stringify(asked);
}

/** Returns a part of a row's history as the diff that it was. */
export function diffOf({ op, before, after }: Happened): Diff {
  const rest = { row_signature: "" };
  if (op === "update") return { type: "UPDATE", ...rest, before: before ?? {}, after: after ?? {} };
  return { type: op === "add" ? "ADD" : "DELETE", ...rest, data: after ?? before ?? {} };
}
