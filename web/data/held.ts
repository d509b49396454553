/* What the store holds, as the server tells it. */

import type { Kind, Server } from "./types.ts";

export interface Size {
  entries: number;
  bytes: number;
  /** Whether it was counted; else it is estimated from a sample. */
  exact: boolean;
}

export interface Part extends Size {
  part: string;
}

export interface Held extends Size {
  id: string;
  kind: Kind;
  added: boolean | null;
  epoch: string | null;
  sequence: number | null;
  parts: Part[];
}

export interface Kept {
  id: string;
  kept_bytes: number;
  safe_bytes: number | null;
}

export interface StoreAnswer {
  store_id: string;
  position: number;
  room: Server["store"] & { format: number | null };
  reusable_bytes: number | null;
  snapshots: { open: number | null; oldest_seconds: number | null };
  kept_elsewhere: Kept[];
  parts: Part[];
  deleting: Size;
  components: Held[];
  next: string | null;
}

/** What each part of the store is, in words. */
const NAMES: { [part: string]: string } = {
  rows: "rows and elements",
  by_value: "rows by value",
  log: "logs and outboxes",
  state: "state of queries",
  checkpoints: "places of readers",
  upstream: "places outside",
  requests: "idempotency keys",
  parked: "parked input",
  dead_letters: "dead letters",
  expiry: "when elements expire",
  catalog: "catalog",
};

/** Returns what a part is called. */
export function partName(part: string): string {
  return NAMES[part] ?? part.replaceAll("_", " ");
}

/** Returns the largest first. */
export function bySize<T extends Size>(of: readonly T[]): T[] {
  return [...of].sort((one, other) => other.bytes - one.bytes);
}

/** Something to know or to do about the store, with what it follows from. */
export interface Hint {
  severity: "warning" | "note";
  text: string;
}

/** Below so many bytes that are free in the file nobody needs to know. */
const MUCH = 100_000_000;

/** Returns what there is to know about the room of the store. */
export function hints(store: StoreAnswer): Hint[] {
  const found: Hint[] = [];
  const { room, reusable_bytes: reusable } = store;
  const free = (left: number | null, all: number | null) => (left === null || !all ? 1 : left / all);
  if (free(room.available_bytes, room.disk_bytes) < 0.1) {
    found.push({ severity: "warning", text: "Less than a tenth of the disk is free. What is full stops taking anything in." });
  }
  const limit = room.limit_bytes;
  const data = room.data_bytes ?? 0;
  if (limit !== null && data > limit * 0.9) {
    found.push({ severity: "warning", text: "The store is nearly as large as it may be: `store.map_size_bytes` is the limit." });
  }
  if (reusable !== null && reusable > MUCH && reusable > data) {
    found.push({
      severity: "note",
      text: "More than half of the file is free. It is used again before the file grows. To give it back to the disk, stop the server, take a backup of the store and restore that: it has no free pages, and begins new epochs.",
    });
  }
  if (room.kind === "memory") found.push({ severity: "note", text: "The store is in memory: it goes with the process." });
  return found;
}
