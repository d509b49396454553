/* What can be done to a component, and what was done. */

import { call, of } from "./client.ts";
import { readNeeds } from "./store.ts";
import { section, type Kind } from "./types.ts";

async function post<T>(path: string): Promise<T> {
  const answer = await call<T>(path, { method: "POST", urgent: true });
  void readNeeds();
  return answer;
}

/** Starts a component that is stopped, paused or in error. */
export function start(kind: Kind, id: string): Promise<unknown> {
  return post(of(section(kind), id, "/start"));
}

/** Stops a component; it keeps its place. */
export function stop(kind: Kind, id: string): Promise<unknown> {
  return post(of(section(kind), id, "/stop"));
}

/** Reads a source again, rebuilds a query, or starts a reaction over from what is true now. */
export function reset(kind: Kind, id: string): Promise<unknown> {
  return post(of(section(kind), id, "/reset"));
}

/** Removes a component with all that it stored, if its definition is the one with this hash. */
export async function remove(kind: Kind, id: string, match: string | null): Promise<void> {
  await call(of(section(kind), id), { method: "DELETE", urgent: true, match });
  void readNeeds();
}

/** Creates a component, or changes the one whose definition has this hash. */
export async function save(kind: Kind, id: string, definition: string, isNew: boolean, match: string | null): Promise<void> {
  const [method, path] = isNew ? ["POST", `/api/v1/${section(kind)}`] : ["PUT", of(section(kind), id)];
  await call(path, { method, body: definition, urgent: true, match });
  void readNeeds();
}

export interface Verified {
  sequence: number;
  rows: number;
  equal: boolean;
  differences: string[];
}

/** Evaluates a query from scratch and compares. */
export function verify(id: string): Promise<Verified> {
  return call(of("queries", id, "/verify"), { method: "POST", urgent: true });
}

/** Retries or drops what a source has parked: one piece, or all. */
export function settleParked(id: string, verb: "retry" | "discard", number: number | null): Promise<unknown> {
  const which = number === null ? "" : `?number=${number}`;
  return post(of("sources", id, `/parked/${verb}${which}`));
}

/** Takes in a corrected text in the place of a piece of parked input. */
export async function mend(source: string, number: number, text: string): Promise<void> {
  await call(of("sources", source, `/parked/retry?number=${number}`), { method: "POST", body: text, urgent: true });
  void readNeeds();
}

/** Does what a need offers. */
export function perform(method: string, path: string): Promise<unknown> {
  return method === "POST" ? post(path) : call(path, { method, urgent: true });
}
