/* What calls take and return. */

import type { Value } from "./json.js";

/** The columns of a row by their names; null columns are there. */
export type Data = { [column: string]: Value };

/** What a query is doing. */
export type State = "starting" | "running" | "caught_up" | "waiting" | "paused" | "stopped" | "error";

/** What keeps a query from advancing. Its rows are right then, but they may be old. */
export interface Trouble {
  code: string | null;
  message: string;
  /** Since when, in ISO 8601. */
  since: string;
}

/**
 * A row with its signature, which identifies it within its query and stays the same while other values of the row
 * change.
 */
export interface Row<R> {
  signature: string;
  data: R;
}

/** The live results of a query at one sequence, or a page of them. */
export interface Results<R> {
  rows: Row<R>[];
  /** The names of the columns, in the order of RETURN. */
  columns: string[];
  /** `EPOCH-SEQUENCE`: `follow` with it as `after` begins with the result after these rows. */
  id: string;
  epoch: string;
  sequence: number;
  /** The last position of the store that is in the rows. */
  position: number;
  /** Whether the rows come in the order of the query's ORDER BY; otherwise they come by signature. */
  ordered: boolean;
  /**
   * Whether the rows are exactly what the databases of the query's sources hold; null if none of its sources can tell.
   */
  checked: boolean | null;
  state: State;
  error: Trouble | null;
  /** What `cursor` of the next page is; null if there is none. */
  cursor: string | null;
}

/** A change of one row. */
export type Diff<R> =
  | { type: "ADD"; signature: string; data: R }
  | { type: "UPDATE"; signature: string; before: R; after: R }
  | { type: "DELETE"; signature: string; data: R };

/** A snapshot begins: rows follow, and rows of an earlier snapshot or an unfinished one no longer count. */
export interface SnapshotBegin {
  type: "snapshot_begin";
}

/** A row of the snapshot. */
export interface SnapshotRow<R> extends Row<R> {
  type: "row";
}

/** The snapshot is complete; results follow. */
export interface SnapshotEnd {
  type: "snapshot_end";
  /** `EPOCH-SEQUENCE`, for `after`. */
  id: string;
  epoch: string;
  sequence: number;
  columns: string[];
  ordered: boolean;
  checked: boolean | null;
  state: State;
  error: Trouble | null;
}

/** What one transaction has changed. */
export interface Result<R> {
  type: "result";
  /** `EPOCH-SEQUENCE`, for `after`. */
  id: string;
  epoch: string;
  sequence: number;
  /** The position of the transaction in the store, as `ingest` returns it. */
  position: number;
  /** The time of the transaction, in ISO 8601. */
  timestamp: string;
  diffs: Diff<R>[];
}

/**
 * The results after the last event are not all there: a snapshot follows. What happened in between is not told one by
 * one.
 */
export interface Reset {
  type: "reset";
  /** Why, in words. */
  reason: string;
}

/** An event of a query that is followed. */
export type Event<R> = SnapshotBegin | SnapshotRow<R> | SnapshotEnd | Result<R> | Reset;

/** Values of the parameters of a query with `for_each`, by name. */
export type Values = Readonly<Record<string, string | number | bigint | boolean>>;

/** Where the last transaction that was sent stands. */
export interface Receipt {
  /** Its position in the store: `results(query, { position })` waits for it. */
  position: number;
  /** Its sequence in the log of the source. */
  sequence: number;
}

/** How a follower stands. */
export interface Status {
  /** `waiting`: the connection is lost, and the pause before the next attempt runs. */
  connection: "connecting" | "live" | "waiting";
  /** While waiting: how long the pause is, in milliseconds. */
  retryIn: number | null;
  /** While waiting or connecting again: why the connection was lost. */
  error: Error | null;
  /** What the query is doing, as far as it is known. */
  state: State | null;
  /** What keeps the query from advancing; null if nothing does, or nothing is known. */
  trouble: Trouble | null;
}
