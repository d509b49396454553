/*
 * What a follower has seen, and where it resumes: from the messages of one connection after another to one sequence of
 * events.
 *
 * Only the end of a snapshot and results move the position. A snapshot that was cut off begins again; a result that was
 * seen is not shown again; one that is missing is an error, never a silent skip.
 */

import { ProtocolError } from "./errors.js";
import type { Diff, Event, Result, Row, SnapshotEnd, State, Trouble } from "./shapes.js";
import type { Message } from "./sse.js";
import { read } from "./transport.js";

/** A row as the API has it. */
export interface SentRow<R> {
  row_signature: string;
  data: R;
}

interface SentDiff<R> {
  type: Diff<R>["type"];
  row_signature: string;
  data?: R;
  before?: R;
  after?: R;
}

interface SentResult<R> {
  epoch: string;
  sequence: number;
  position: number;
  timestamp: string;
  results: SentDiff<R>[];
}

/** Names the fields of a row as this client does. */
export function row<R>({ row_signature: signature, data }: SentRow<R>): Row<R> {
  return { signature, data };
}

/** What a query is doing, as `snapshot_end` and `heartbeat` say it. */
export interface Condition {
  state: State;
  error: Trouble | null;
}

/** The place of one follower, over all of its connections. */
export class Resumption<R> {
  /** `EPOCH-SEQUENCE` of the last event that has one; null as long as the next connection begins with a snapshot. */
  position: string | null;
  /** What the query was doing when it was last told. */
  condition: Condition | null = null;
  readonly #isWhole: boolean;
  #isInSnapshot = false;
  /** The store that the position is of; null if it is not known. */
  #store: string | null = null;

  /** `isWhole`: of a query with `for_each` that is followed for one value, sequences have holes. */
  constructor(after: string | null, isWhole: boolean) {
    if (after !== null) split(after);
    this.position = after;
    this.#isWhole = isWhole;
  }

  /**
   * Notes that a connection to this store begins: a snapshot that was cut off comes again. Returns a reset if the position
   * is of another store, whose sequences mean nothing here; this connection is not to be read then.
   */
  connect(store: string | null): Event<R>[] {
    this.#isInSnapshot = false;
    const isOther = this.#store !== null && store !== null && store !== this.#store;
    this.#store = store ?? this.#store;
    if (!isOther || this.position === null) return [];
    this.position = null;
    return [{ type: "reset", reason: "another store answers at this address" }];
  }

  /** Takes a message; returns its events, none for what only keeps the connection alive. */
  take({ event, id, data }: Message): Event<R>[] {
    switch (data === "" ? "place" : event) {
      case "place":
        this.#keep(id);
        return [];
      case "row":
        return [...this.#begin(), { type: "row", ...row(read<SentRow<R>>(data)) }];
      case "snapshot_end":
        return this.#end(id, data);
      case "result":
        return this.#result(id, data);
      case "reset":
        this.position = null;
        this.#isInSnapshot = false;
        return [{ type: "reset", reason: read<{ reason: string }>(data).reason }];
      case "heartbeat":
        this.condition = read<Condition>(data);
        return [];
      default:
        // Later versions may tell more.
        return [];
    }
  }

  #begin(): Event<R>[] {
    if (this.#isInSnapshot) return [];
    this.#isInSnapshot = true;
    this.position = null;
    return [{ type: "snapshot_begin" }];
  }

  #end(id: string | null, data: string): Event<R>[] {
    const begun = this.#begin();
    const end = read<Omit<SnapshotEnd, "type" | "id">>(data);
    this.position = join(split(id));
    this.#isInSnapshot = false;
    this.condition = { state: end.state, error: end.error };
    const { epoch, sequence, columns, ordered, checked, state, error } = end;
    return [
      ...begun,
      { type: "snapshot_end", id: this.position, epoch, sequence, columns, ordered, checked, state, error },
    ];
  }

  #result(id: string | null, data: string): Event<R>[] {
    if (this.position === null) throw new ProtocolError("a result came before the end of the snapshot");
    const [seen, next] = [split(this.position), split(id)];
    if (next.epoch !== seen.epoch) throw new ProtocolError(`result ${id} came after ${this.position} without a reset`);
    if (next.sequence <= seen.sequence) return [];
    if (this.#isWhole && next.sequence !== seen.sequence + 1) {
      throw new ProtocolError(`result ${id} came after ${this.position}: results between them are missing`);
    }
    this.position = join(next);
    const { epoch, sequence, position, timestamp, results } = read<SentResult<R>>(data);
    const result: Result<R> = {
      type: "result",
      id: this.position,
      epoch,
      sequence,
      position,
      timestamp,
      diffs: results.map(diff),
    };
    return [result];
  }

  /** Moves on without an event: up to `id` nothing has happened to the value that is followed. */
  #keep(id: string | null): void {
    if (this.position === null || id === null) return;
    const [seen, next] = [split(this.position), split(id)];
    if (next.epoch === seen.epoch && next.sequence > seen.sequence) this.position = join(next);
  }
}

interface Place {
  epoch: string;
  sequence: number;
}

function split(id: string | null): Place {
  const found = /^(\d{1,19})-(\d{1,19})$/.exec(id ?? "");
  if (!found) throw new ProtocolError(`\`${id}\` is not a position: it is EPOCH-SEQUENCE, as the \`id\` of an event`);
  return { epoch: found[1]!, sequence: Number(found[2]) };
}

function join({ epoch, sequence }: Place): string {
  return `${epoch}-${sequence}`;
}

function diff<R>(sent: SentDiff<R>): Diff<R> {
  const signature = sent.row_signature;
  if (sent.type === "UPDATE") return { type: "UPDATE", signature, before: sent.before!, after: sent.after! };
  return { type: sent.type, signature, data: sent.data! };
}
