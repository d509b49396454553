/* The client: one object for one server. */

import { follow, type FollowOptions } from "./follow.js";
import { ingest, type IngestOptions, type Sent } from "./ingest.js";
import { LiveQuery } from "./live.js";
import { pages, results, rows, type ReadOptions, type ResultsOptions } from "./reading.js";
import type { Data, Event, Receipt, Results, Row } from "./shapes.js";
import { Transport, type ClientOptions } from "./transport.js";

const PATIENCE = 10_000;

/**
 * A client of one Livewell server. `Queries` names the type of the rows of each query:
 *
 * ```ts
 * type Queries = { "late-departures": { flight: string; delay: number } };
 * const livewell = new Client<Queries>({ url: "http://127.0.0.1:7171" });
 * ```
 *
 * All methods throw a `ProblemError` if the server refuses the call, an `UnreachableError` if there is no answer within
 * `patience`, and a `ProtocolError` if something answers that is not Livewell. A `signal` that is aborted rejects calls
 * with its reason, and ends the iteration of `follow`.
 */
export class Client<Queries extends { [Query in keyof Queries]: object } = { [query: string]: Data }> {
  readonly #transport: Transport;
  readonly #patience: number;

  constructor(options: ClientOptions) {
    this.#transport = new Transport(options);
    this.#patience = options.patience ?? PATIENCE;
  }

  /** Returns the rows of a query as they are now, or at a position. */
  results<Q extends keyof Queries & string>(query: Q, options: ResultsOptions = {}): Promise<Results<Queries[Q]>> {
    return results(this.#transport, this.#patience, query, options);
  }

  /** Returns the rows of a query page by page, `limit` rows each (1,000 if absent), all of one sequence. */
  pages<Q extends keyof Queries & string>(
    query: Q,
    options: ReadOptions & { limit?: number | undefined } = {},
  ): AsyncGenerator<Results<Queries[Q]>, void, undefined> {
    return pages(this.#transport, this.#patience, query, options);
  }

  /** Returns the rows of a query one by one as they are read. What was cut off throws an `UnreachableError`. */
  rows<Q extends keyof Queries & string>(
    query: Q,
    options: ReadOptions & { search?: string | undefined } = {},
  ): AsyncGenerator<Row<Queries[Q]>, void, undefined> {
    return rows(this.#transport, this.#patience, query, options);
  }

  /**
   * Sends changes to an `http` source, one or many; all of them are taken in or none, each as a transaction of its own.
   * Returns once they are durable.
   */
  ingest(source: string, changes: Sent | Iterable<Sent>, options: IngestOptions = {}): Promise<Receipt> {
    return ingest(this.#transport, this.#patience, source, changes, options);
  }

  /**
   * Returns the events of a query: a snapshot, then every result once and in order. Lost connections are made again,
   * and resumed after the last result; if the outbox no longer reaches back to it, a `reset` and a snapshot come.
   */
  follow<Q extends keyof Queries & string>(
    query: Q,
    options: FollowOptions = {},
  ): AsyncGenerator<Event<Queries[Q]>, void, undefined> {
    return follow(this.#transport, query, options);
  }

  /** Follows a query in the background, until `close`; its rows are always there. */
  live<Q extends keyof Queries & string>(
    query: Q,
    options: Pick<FollowOptions, "forEach" | "patience"> = {},
  ): LiveQuery<Queries[Q]> {
    return new LiveQuery((signal, onStatus) => this.follow(query, { ...options, signal, onStatus }));
  }
}
