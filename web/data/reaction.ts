/* What a reaction has delivered, what it could not, and what it would send: the shapes of its calls, and the calls. */

import { perform } from "./actions.ts";
import { call, of } from "./client.ts";

export type Outcome = "taken" | "failed" | "set_aside" | "stopped";

/** One attempt to deliver something. */
export interface Attempt {
  number: number;
  timestamp: string;
  took_seconds: number;
  what: "message" | "results" | "rows" | "dead_letter" | "start";
  query_id: string | null;
  epoch: string | null;
  sequence: number | null;
  results: number | null;
  diffs: number | null;
  change: "ADD" | "UPDATE" | "DELETE" | null;
  index: number | null;
  key: string | null;
  outcome: Outcome;
  answer: string;
  code: string | null;
  attempt: number;
  next_try: string | null;
}

/** The last attempts of a reaction, the newest first. */
export interface Deliveries {
  made: number;
  failed: number;
  kept: number;
  kept_max: number;
  waits_until: string | null;
  attempts: Attempt[];
}

/** A dead letter; with `brief`, `body` is its beginning. */
export interface Letter {
  number: number;
  timestamp: string;
  key: string;
  reason: string;
  body: string;
  body_bytes: number;
  whole: boolean;
  query_id: string | null;
  epoch: string | null;
  sequence: number | null;
  attempts: number | null;
  first_at: string | null;
  /** What was asked for and is not done yet. */
  ordered: "replay" | "discard" | null;
}

/** A message that a template would make, or why it cannot. */
export interface Made {
  query_id: string;
  epoch: string;
  sequence: number;
  change: "ADD" | "UPDATE" | "DELETE" | null;
  key: string;
  address: string | null;
  body: string | null;
  body_bytes: number;
  whole: boolean;
  problem: string | null;
}

/** What would be sent next, and what of the last results. */
export interface Tried {
  each: "diff" | "result";
  template: string | null;
  problem: string | null;
  next: Made | null;
  last: Made[];
  results: number;
  messages: number;
  failed: number;
  truncated: boolean;
}

/** How far a target is in the results of its query. */
export interface Checkpoint {
  query_id: string;
  epoch: string;
  sequence: number;
}

/** What the target of a reaction holds. */
export interface Target {
  target: string;
  rows: number;
  checkpoint: Checkpoint | null;
}

export interface Difference {
  key: string;
  expected: string | null;
  found: string | null;
}

export interface Differences {
  count: number;
  rows: Difference[];
}

/** The rows of a target against the live results of its checkpoint. */
export interface Compared {
  target: string;
  checkpoint: Checkpoint;
  rows: number;
  live: number;
  equal: boolean;
  missing: Differences;
  changed: Differences;
  extra: Differences;
}

/** How far the comparisons of a reaction are that are running. */
export interface Comparisons {
  comparisons: { done: number; of: number | null }[];
}

/** Compares the target of a reaction; nothing there changes. */
export function compare(id: string, signal: AbortSignal): Promise<Compared> {
  return call<Compared>(of("reactions", id, "/compare"), { method: "POST", signal, long: true });
}

/** Ends the pause before the next attempt. */
export function sendNow(id: string): Promise<unknown> {
  return perform("POST", of("reactions", id, "/send-now"));
}

/** Sends letters again, or drops them; all where no numbers are given. */
export function settleLetters(id: string, verb: "replay" | "discard", numbers: number[] | null): Promise<unknown> {
  const which = numbers === null ? "" : `?numbers=${numbers.join(",")}`;
  return perform("POST", of("reactions", id, `/dead-letters/${verb}${which}`));
}

/** Fills a template in, and sends nothing; the running one where none is given. */
export function tryMessage(id: string, template: string | null, signal: AbortSignal): Promise<Tried> {
  const body = JSON.stringify(template === null ? {} : { template });
  return call<Tried>(of("reactions", id, "/message/try"), { method: "POST", body, signal });
}
