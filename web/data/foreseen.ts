/* What a call would do, as the server says before it is done. */

import { call, of } from "./client.ts";
import { section, type Kind } from "./types.ts";

export interface Losses {
  elements: number;
  rows: number;
  results: number;
  undelivered: number;
  parked: number;
  dead_letters: number;
}

export interface Follower {
  id: string;
  receives: "difference" | "next" | "rebuild" | "stop";
}

export interface Foreseen {
  hash: string | null;
  kind: Kind;
  id: string;
  action: "create" | "change" | "remove" | "reset" | "discard";
  fields?: string[];
  rebuilds?: boolean;
  rows?: number;
  reads?: number;
  followers?: Follower[];
  followers_total?: number;
  loses?: Losses;
  /** Why a source does not go on with these settings over what it has stored. */
  stops?: { code: string; message: string; resets: boolean };
}

/** Asks what a reset would do. */
export function foreseeReset(kind: Kind, id: string): Promise<Foreseen> {
  return call(of(section(kind), id, "/reset?dry_run=true"), { method: "POST", urgent: true });
}

/** Asks what would go with a component. */
export function foreseeRemoval(kind: Kind, id: string): Promise<Foreseen> {
  return call(of(section(kind), id, "?dry_run=true"), { method: "DELETE", urgent: true });
}

/** Asks what would be dropped: one piece, or all. */
export function foreseeDiscard(kind: Kind, id: string, aside: string, number: number | null): Promise<Foreseen> {
  const which = number === null ? "" : `&number=${number}`;
  return call(of(section(kind), id, `/${aside}/discard?dry_run=true${which}`), { method: "POST", urgent: true });
}

/** Asks what a definition would change of the component that has its id, or what creating it would take. */
export function foreseeSaving(kind: Kind, id: string, definition: string, isNew: boolean, match: string | null): Promise<Foreseen> {
  const [method, path] = isNew ? ["POST", `/api/v1/${section(kind)}?dry_run=true`] : ["PUT", of(section(kind), id, "?dry_run=true")];
  return call(path, { method, body: definition, urgent: true, match });
}
