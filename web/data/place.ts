/* Where a reaction is in the outbox of its query, and when that will be too late. */

/** What is known of an outbox and of those that read it. */
export interface Outbox {
  /** The last result of the query. */
  head: number;
  /** How many results are kept. */
  kept: number;
  /** How full it is with what is not read, from 0 to 1; `null` if that cannot be told. */
  share: number | null;
  /** How many results wait for the reaction. */
  waits: number;
  /** How many wait for the slowest reaction of the query. */
  waitsMost: number;
  /** How many results come and how many the reaction delivers, in a second. */
  comes: number;
  goes: number;
}

/** Returns the first result that is kept; one behind the head if none is. */
export function keptSince({ head, kept }: Outbox): number {
  return head - Math.min(kept, head) + 1;
}

/** Returns the parts of the bar: of what is kept, how much is delivered and how much waits, in percent. */
export function parts({ kept, waits }: Outbox): { done: number; waiting: number } {
  const all = Math.max(kept, waits);
  if (all === 0) return { done: 100, waiting: 0 };
  const waiting = (100 * waits) / all;
  return { done: 100 - waiting, waiting };
}

/**
 * Returns after how many seconds the outbox is full if it goes on like this; `null` if nothing waits, it does not fill,
 * or it cannot be told: how full it is says how much it holds only while this reaction is the slowest.
 */
export function secondsLeft(outbox: Outbox): number | null {
  const { share, waits, waitsMost, comes, goes } = outbox;
  if (share === null || share <= 0 || waits === 0 || waits < waitsMost) return null;
  const fills = comes - goes;
  if (fills <= 0) return null;
  return Math.max(0, (waits / share - waits) / fills);
}
