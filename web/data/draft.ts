/* A query that is being written: what it is made of, and where it is kept until it is created. */

import { print, type Value } from "./json.ts";

/** A parameter with its value as it is typed: JSON, or else a text. */
export interface Param {
  name: string;
  value: string;
}

/** A parameter that the query is run for each value of. */
export interface Each {
  name: string;
  type: string;
}

export const EACH_TYPES = ["text", "integer", "float", "boolean"] as const;

export interface Draft {
  id: string;
  cypher: string;
  sources: string[];
  params: Param[];
  forEach: Each[];
  /** What else the item of the configuration has: joins, limits and so on. */
  rest: { [name: string]: Value };
}

export type Item = { [name: string]: Value };

export const EMPTY: Draft = { id: "", cypher: "", sources: [], params: [], forEach: [], rest: {} };

/** Returns the draft of an item, as a definition has it. */
export function draftOf(item: Item): Draft {
  const { id, cypher, sources, params, for_each, ...rest } = item;
  const entries = (of: Value | undefined) => (typeof of === "object" && of !== null && !Array.isArray(of) ? Object.entries(of) : []);
  return {
    id: text(id),
    cypher: text(cypher),
    sources: Array.isArray(sources) ? sources.map(text) : [],
    params: entries(params).map(([name, value]) => ({ name, value: typed(value) })),
    forEach: entries(for_each).map(([name, type]) => ({ name, type: text(type) })),
    rest,
  };
}

function text(of: Value | undefined): string {
  return typeof of === "string" ? of : "";
}

/** Returns a value as it is typed: a text as it is, unless that would read as something else. */
function typed(value: Value): string {
  return typeof value === "string" && valueOf(value) === value ? value : print(value);
}

/** Returns the value that was typed. Its JSON has all digits that were typed, so it is kept as text. */
export function valueOf(typed: string): string | { json: string } {
  try {
    JSON.parse(typed);
    return { json: typed };
  } catch {
    return typed;
  }
}

/** Returns the item as JSON, as calls take it; `null` for the id leaves it out. */
export function json(draft: Draft, more: { [name: string]: string } = {}): string {
  const members = itemOf(draft).map(([name, value]) => `${JSON.stringify(name)}:${value}`);
  const others = Object.entries(more).map(([name, value]) => `${JSON.stringify(name)}:${value}`);
  return `{${[...members, ...others].join(",")}}`;
}

/** The members of the item, each with its JSON, in the order of a configuration. */
function itemOf({ id, cypher, sources, params, forEach, rest }: Draft): [string, string][] {
  const members: [string, string][] = id === "" ? [] : [["id", JSON.stringify(id)]];
  members.push(["sources", JSON.stringify(sources)]);
  const named = params.filter(({ name }) => name !== "");
  if (named.length > 0) members.push(["params", map(named.map(({ name, value }) => [name, jsonOf(value)]))]);
  const each = forEach.filter(({ name }) => name !== "");
  if (each.length > 0) members.push(["for_each", map(each.map(({ name, type }) => [name, JSON.stringify(type)]))]);
  for (const [name, value] of Object.entries(rest)) members.push([name, print(value)]);
  members.push(["cypher", JSON.stringify(cypher)]);
  return members;
}

function jsonOf(typed: string): string {
  const value = valueOf(typed);
  return typeof value === "string" ? JSON.stringify(value) : value.json;
}

function map(entries: [string, string][]): string {
  return `{${entries.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(", ")}}`;
}

/** What a plain scalar of YAML may be without being read as something else. */
const PLAIN = /^[A-Za-z][\w-]*$/;
const WORDS = /^(?:true|false|null|yes|no|on|off|y|n)$/i;
/** What a block of YAML cannot hold as it is: lines that begin it with a blank, and characters that it forbids. */
const NO_BLOCK = /^[ \t\n]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufeff\ufffe\uffff\u2028\u2029]|\p{Cs}/u;

/** Returns the item as a configuration file has it. */
export function yaml(draft: Draft): string {
  const lines = itemOf(draft.id === "" ? { ...draft, id: "new-query" } : draft).flatMap(([name, value], index) => {
    const lead = index === 0 ? "  - " : "    ";
    if (name === "id") return [`${lead}id: ${scalar(draft.id || "new-query")}`];
    if (name === "sources") return [`${lead}sources: [${draft.sources.map(scalar).join(", ")}]`];
    if (name !== "cypher") return [`${lead}${scalar(name)}: ${value}`];
    const text = draft.cypher.trimEnd();
    if (text === "" || NO_BLOCK.test(text)) return [`${lead}cypher: ${JSON.stringify(draft.cypher)}`];
    return [`${lead}cypher: |`, ...text.split("\n").map((line) => (line === "" ? "" : `      ${line}`))];
  });
  return `queries:\n${lines.join("\n")}\n`;
}

function scalar(of: string): string {
  return PLAIN.test(of) && !WORDS.test(of) ? of : JSON.stringify(of);
}

/** Where a draft is kept: by the id that it changes, or under none for a new one. */
function place(of: string | null): string {
  return of === null ? "livewell draft" : `livewell draft of ${of}`;
}

/** Returns the draft that this browser keeps, if it keeps one. */
export function kept(of: string | null): Draft | null {
  try {
    const text = localStorage.getItem(place(of));
    const draft = text === null ? null : (JSON.parse(text) as Partial<Draft>);
    return draft && typeof draft.cypher === "string" ? { ...EMPTY, ...draft } : null;
  } catch {
    // A browser may keep nothing, or something that is not ours.
    return null;
  }
}

/** Keeps a draft in this browser; `null` forgets it. Returns whether the browser does so. */
export function keep(of: string | null, draft: Draft | null): boolean {
  try {
    if (draft === null) localStorage.removeItem(place(of));
    else localStorage.setItem(place(of), JSON.stringify(draft));
    return true;
  } catch {
    return false;
  }
}
