/*
 * The order in which rows are shown. It holds while values change: new rows come at the end, deleted ones stay in their
 * place while somebody reads, and `settle` sorts again when asked to.
 */

import type { Kept } from "./fold.ts";
import { Exact, own, print, type Value } from "./json.ts";

export interface Sort {
  column: string;
  descending: boolean;
}

/** How long deleted rows stay in their places while nobody reads, in milliseconds. */
const GONE_FOR = 5_000;
/** How many deleted rows stay in their places at most. */
const GONE_MAX = 1_000;

export class Order {
  /** The rows as they are shown; another array once they are sorted again. */
  shown: Kept[] = [];
  /** How many changes may have moved a row since the rows were sorted. */
  moved = 0;
  /** How many of the rows that are shown are deleted. */
  gone = 0;

  /** Sorts and filters the rows again. Without a sort they keep the order in which they came. */
  settle(rows: Iterable<Kept>, sort: Sort | null, search: string): void {
    const wanted = search.toLowerCase();
    this.shown = [...rows].filter((row) => row.gone === null && matches(row, wanted));
    this.moved = 0;
    this.gone = 0;
    if (sort) sorted(this.shown, sort);
  }

  /** Adds a new row at the end, if it matches what is searched for. */
  add(row: Kept, search: string): void {
    if (matches(row, search.toLowerCase())) this.shown.push(row);
    this.moved += 1;
  }

  /** Notes that rows have changed. */
  note(changes: number): void {
    this.moved += changes;
  }

  /** Takes deleted rows out: all but the latest, and while nobody reads, those that were deleted a while ago. */
  sweep(now: number, isRead: boolean): void {
    const gone = this.shown.filter((row) => row.gone !== null).map((row) => row.gone ?? 0);
    this.gone = gone.length;
    const latest = gone.length > GONE_MAX ? (gone.sort((a, b) => b - a)[GONE_MAX / 2] ?? 0) : -1;
    const before = isRead ? latest : Math.max(latest, now - GONE_FOR);
    if (!gone.some((at) => at <= before)) return;
    const kept = this.shown.filter((row) => row.gone === null || row.gone > before);
    this.gone -= this.shown.length - kept.length;
    this.shown.splice(0, this.shown.length, ...kept);
  }
}

/** Returns whether the text of any value of a row contains what is searched for, in lower case. */
function matches(row: Kept, search: string): boolean {
  return search === "" || Object.values(row.data).some((value) => plain(value).toLowerCase().includes(search));
}

/** Returns a value as text without quotes. */
export function plain(value: Value | undefined): string {
  return typeof value === "string" ? value : print(value);
}

function sorted(rows: Kept[], { column, descending }: Sort): void {
  const keys = new Map(rows.map((row) => [row, own(row.data, column)]));
  const sign = descending ? -1 : 1;
  rows.sort((a, b) => {
    const order = compare(keys.get(a), keys.get(b)) * sign;
    return order !== 0 ? order : a.signature < b.signature ? -1 : 1;
  });
}

const texts = new Intl.Collator(undefined, { numeric: true });

/** Compares values: numbers, then texts, then all others, and null last, as in the query language. */
export function compare(a: Value | undefined, b: Value | undefined): number {
  const rank = kind(a) - kind(b);
  if (rank !== 0) return rank;
  if (typeof a === "string" && typeof b === "string") return texts.compare(a, b);
  if (kind(a) === 0) return numbers(a as number | Exact, b as number | Exact);
  return texts.compare(print(a), print(b));
}

function kind(value: Value | undefined): number {
  if (typeof value === "number" || value instanceof Exact) return 0;
  if (typeof value === "string") return 1;
  return value === null || value === undefined ? 3 : 2;
}

const WHOLE = /^-?\d+$/;

/** Compares numbers; whole ones that a double cannot tell apart by all their digits. */
function numbers(a: number | Exact, b: number | Exact): number {
  const difference = Number(a) - Number(b);
  if (difference !== 0 || !WHOLE.test(String(a)) || !WHOLE.test(String(b))) return difference;
  const [left, right] = [BigInt(String(a)), BigInt(String(b))];
  return left < right ? -1 : left > right ? 1 : 0;
}
