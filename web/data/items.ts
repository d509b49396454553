/* Sources and reactions as texts that a person writes: their kinds, what is wrong with one, and what it would do. */

import { call } from "./client.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Value } from "./json.ts";
import type { Described } from "./schema.ts";
import { section, type Kind } from "./types.ts";

/** What is written as a text of its own here. */
export type Written = Exclude<Kind, "query">;

export interface KindOf extends Described {
  example: string;
}

export interface Kinds {
  sources: KindOf[];
  reactions: KindOf[];
}

export interface Checked {
  valid: boolean;
  diagnostics: Diagnostic[];
  id: string | null;
  /** What creates or changes it. */
  definition: Value;
}

export interface Change {
  operation: "insert" | "update" | "delete";
  id?: string;
  element?: {
    type?: "node" | "relation";
    id: string;
    labels?: string[];
    from?: Value;
    to?: Value;
    properties?: { [name: string]: Value };
  };
}

export interface Record {
  input: string;
  line: number;
  changes: Change[];
  problem: { code: string; message: string } | null;
}

export interface SourceTried {
  records: Record[];
  truncated: boolean;
  note: string | null;
}

/** Reads which kinds this server has. */
export function readKinds(signal: AbortSignal): Promise<Kinds> {
  return call("/api/v1/kinds", { signal });
}

/** Asks what is wrong with a text. */
export function check(kind: Written, text: string, signal: AbortSignal): Promise<Checked> {
  return call(`/api/v1/${section(kind)}/check`, { method: "POST", body: JSON.stringify({ text }), signal });
}

/** Asks what the first records of a source would become. */
export function trySource(text: string): Promise<SourceTried> {
  return call("/api/v1/sources/try", { method: "POST", body: JSON.stringify({ text }), urgent: true });
}

export interface Message {
  target: string;
  headers: { name: string; value: string | null }[];
  body: string;
}

export interface ReactionTried {
  messages: Message[];
  note: string | null;
}

/** Asks what a reaction would send or write of the rows there are. */
export function tryReaction(text: string): Promise<ReactionTried> {
  return call("/api/v1/reactions/try", { method: "POST", body: JSON.stringify({ text }), urgent: true });
}

/** What was written and not saved, by what it is about, as long as the tab is open. */
const drafts = new Map<string, string>();

/** Returns the draft about something. */
export function draft(about: string): string | undefined {
  return drafts.get(about);
}

/** Keeps a draft; `null` forgets it. */
export function keepDraft(about: string, text: string | null): void {
  if (text === null) drafts.delete(about);
  else drafts.set(about, text);
}
