/* Reads live results: at once, in pages, or row by row. */

import { UnreachableError } from "./errors.js";
import { row, type SentRow } from "./resumption.js";
import { repeated } from "./retry.js";
import type { Results, Row, Values } from "./shapes.js";
import { read, type Answer, type Transport } from "./transport.js";

/** Which results are read. */
export interface ReadOptions {
  /** The values of a query with `for_each`. */
  forEach?: Values | undefined;
  /**
   * Waits until this position of the store is in the results, such as the one that `ingest` returned: read your writes.
   */
  position?: number | bigint | undefined;
  /**
   * How long to wait for the position, in milliseconds, at most 60,000; then a `ProblemError` with `LW0705`. 5,000 if
   * absent.
   */
  wait?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Which results `Client.results` reads. */
export interface ResultsOptions extends ReadOptions {
  /** Only rows in which a value contains this text, whatever its case. It does not go with `limit`. */
  search?: string | undefined;
  /** How many rows to read at most, from 1 to 10,000; all if absent. */
  limit?: number | undefined;
  /** The `cursor` of the page before. */
  cursor?: string | undefined;
}

/** The results as the API has them. */
interface SentResults<R> extends Omit<Results<R>, "rows" | "cursor" | "id"> {
  cursor?: string | null;
  rows: SentRow<R>[];
}

const WAIT = 5_000;

/** Reads results. */
export async function results<R>(
  transport: Transport,
  patience: number,
  query: string,
  options: ResultsOptions,
): Promise<Results<R>> {
  const { signal } = options;
  const sent = await repeated({ patience, signal }, () => {
    return transport.json<SentResults<R>>({
      path: path(query),
      parameters: parameters(options),
      signal,
      wait: waiting(options),
    });
  });
  const { epoch, sequence, position, checked, state, error, ordered, columns, cursor } = sent;
  const id = `${epoch}-${sequence}`;
  return {
    rows: sent.rows.map(row),
    columns,
    id,
    epoch,
    sequence,
    position,
    ordered,
    checked,
    state,
    error,
    cursor: cursor ?? null,
  };
}

/** Reads results page by page, all of one sequence. */
export async function* pages<R>(
  transport: Transport,
  patience: number,
  query: string,
  options: ReadOptions & { limit?: number | undefined },
): AsyncGenerator<Results<R>, void, undefined> {
  const first = { ...options, limit: options.limit ?? 1_000 };
  let page = await results<R>(transport, patience, query, first);
  for (;;) {
    yield page;
    if (page.cursor === null) return;
    // All pages are of the sequence of the first, for which the position was waited for.
    page = await results<R>(transport, patience, query, { ...first, cursor: page.cursor, position: undefined });
  }
}

/**
 * Reads results row by row; the memory holds only a piece of them. A connection that breaks before the last row is an
 * error.
 */
export async function* rows<R>(
  transport: Transport,
  patience: number,
  query: string,
  options: ReadOptions & { search?: string | undefined },
): AsyncGenerator<Row<R>, void, undefined> {
  const { signal } = options;
  const accept = "application/x-ndjson";
  const answer = await repeated({ patience, signal }, () => {
    return transport.open({
      path: path(query),
      parameters: parameters(options),
      accept,
      signal,
      wait: waiting(options),
    });
  });
  // Absent in a search.
  const expected = answer.headers.get("livewell-rows");
  let count = 0;
  for await (const line of lines(answer)) {
    count += 1;
    yield row(read<SentRow<R>>(line));
  }
  if (expected !== null && Number(expected) !== count)
    throw new UnreachableError(`the connection ended after ${count} of ${expected} rows`);
}

async function* lines(answer: Answer): AsyncGenerator<string, void, undefined> {
  let rest = "";
  for await (const piece of answer.pieces()) {
    // A value may hold other characters that end lines elsewhere.
    const whole = piece.split("\n");
    whole[0] = rest + whole[0];
    rest = whole.pop() ?? "";
    yield* whole;
  }
  if (rest !== "") yield rest;
}

function path(query: string): string {
  return `api/v1/queries/${encodeURIComponent(query)}/results`;
}

function waiting({ position, wait = WAIT }: ReadOptions): number {
  return position === undefined ? 0 : wait;
}

function parameters({ forEach = {}, position, wait, search, limit, cursor }: ResultsOptions): [string, string][] {
  const own = { position, wait: wait === undefined ? undefined : `${Math.ceil(wait)}ms`, search, limit, cursor };
  const given = [...Object.entries(forEach), ...Object.entries(own).filter(([, value]) => value !== undefined)];
  return given.map(([name, value]) => [name, String(value)]);
}
