/* The rows of a query as they are now: a snapshot, and every result since. */

import { ProtocolError } from "./errors.js";
import type { Diff, Event, Result, Results } from "./shapes.js";

/** What an event has changed: all rows, or those of a result. */
export type Change<R> = { type: "snapshot" } | Result<R>;

/**
 * The rows of a query, by signature. At any time they are the rows of one sequence, as `results` has them: while a
 * snapshot comes, those from before stay, and all of them are replaced at its end.
 */
export class LiveRows<R> {
  #rows = new Map<string, R>();
  /** The rows of a snapshot that is not complete. */
  #coming: Map<string, R> | null = null;
  #position: string | null = null;
  #columns: string[] = [];
  readonly #listeners = new Set<(change: Change<R>) => void>();

  /**
   * Returns the rows of results that are complete, not a page of them. `follow` with their `id` as `after` leads on.
   */
  static of<R>(results: Results<R>): LiveRows<R> {
    const live = new LiveRows<R>();
    live.#rows = new Map(results.rows.map(({ signature, data }) => [signature, data]));
    live.#position = results.id;
    live.#columns = results.columns;
    return live;
  }

  /** The rows by signature: first those of the snapshot in its order, then others as they came. */
  get rows(): ReadonlyMap<string, R> {
    return this.#rows;
  }

  /** `EPOCH-SEQUENCE` that the rows are of, for `after`; null before the first snapshot is complete. */
  get position(): string | null {
    return this.#position;
  }

  /** The names of the columns, in the order of RETURN. */
  get columns(): readonly string[] {
    return this.#columns;
  }

  /** Calls `listener` after each change. Returns what ends that. */
  subscribe(listener: (change: Change<R>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Takes an event of `follow`. Throws a `ProtocolError` if a result contradicts the rows, such as the update of a row
   * that is not there: these rows are no longer those of the query.
   */
  apply(event: Event<R>): void {
    switch (event.type) {
      case "snapshot_begin":
        this.#coming = new Map();
        break;
      case "row":
        this.#coming?.set(event.signature, event.data);
        break;
      case "snapshot_end":
        this.#rows = this.#coming ?? new Map();
        this.#coming = null;
        this.#columns = event.columns;
        this.#moved(event.id, { type: "snapshot" });
        break;
      case "result":
        if (this.#position === null) throw new ProtocolError(`result ${event.id} came before a snapshot`);
        for (const diff of event.diffs) this.#take(diff, event.id);
        this.#moved(event.id, event);
        break;
      case "reset":
        break;
    }
  }

  #take(diff: Diff<R>, id: string): void {
    const { signature, type } = diff;
    if (this.#rows.has(signature) === (type === "ADD")) {
      throw new ProtocolError(
        `result ${id} has ${type} of row ${signature}, which ${type === "ADD" ? "is already there" : "is not there"}`,
      );
    }
    if (type === "DELETE") this.#rows.delete(signature);
    else this.#rows.set(signature, type === "ADD" ? diff.data : diff.after);
  }

  #moved(position: string, change: Change<R>): void {
    this.#position = position;
    for (const listener of [...this.#listeners]) listener(change);
  }
}
