/* The rows of a query: those of one sequence, and every result since. The same rows as `results` has, at any time. */

import { print, own } from "./json.ts";
import type { Data, Diff, Result, Results } from "./types.ts";

/** A row on screen. It stays the same object while its values change. */
export interface Kept {
  readonly signature: string;
  data: Data;
  /** When which of its columns last changed, in milliseconds; for the tint. */
  touched: { at: number; columns: ReadonlySet<string> } | null;
  /** When it was deleted, in milliseconds. It is still shown in its place for a while. */
  gone: number | null;
}

/** The rows and their position. */
export class Fold {
  readonly columns: string[];
  readonly epoch: string;
  readonly isOrdered: boolean;
  sequence: number;
  position: number;
  readonly rows = new Map<string, Kept>();
  /** Whether it holds only the first rows of more. */
  readonly isPart: boolean;

  constructor(results: Results, isPart: boolean) {
    this.columns = results.columns;
    this.epoch = results.epoch;
    this.isOrdered = results.ordered;
    this.sequence = results.sequence;
    this.position = results.position;
    this.isPart = isPart;
    for (const { row_signature: signature, data } of results.rows) {
      this.rows.set(signature, { signature, data, touched: null, gone: null });
    }
  }

  /** The position as `EPOCH-SEQUENCE`. */
  get at(): string {
    return `${this.epoch}-${this.sequence}`;
  }

  /** Applies a result; returns the signatures of rows that are new. One that was applied before changes nothing. */
  apply(result: Result, now: number): string[] {
    if (result.epoch !== this.epoch || result.sequence <= this.sequence) return [];
    const added: string[] = [];
    for (const diff of result.results) {
      if (this.#take(diff, now)) added.push(diff.row_signature);
    }
    this.sequence = result.sequence;
    this.position = result.position;
    return added;
  }

  #take(diff: Diff, now: number): boolean {
    const signature = diff.row_signature;
    const kept = this.rows.get(signature);
    if (diff.type === "DELETE") {
      if (kept) kept.gone = now;
      this.rows.delete(signature);
      return false;
    }
    const data = diff.after ?? diff.data ?? {};
    if (kept) {
      kept.touched = { at: now, columns: new Set(differing(this.columns, kept.data, data)) };
      kept.data = data;
      return false;
    }
    // A row outside of the part that is held changes unseen.
    if (this.isPart) return false;
    this.rows.set(signature, { signature, data, touched: { at: now, columns: new Set(this.columns) }, gone: null });
    return true;
  }
}

/** Returns the columns whose values differ. */
export function differing(columns: readonly string[], before: Data, after: Data): string[] {
  return columns.filter((name) => print(own(before, name)) !== print(own(after, name)));
}
