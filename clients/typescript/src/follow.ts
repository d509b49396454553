/* Follows a query over as many connections as it takes. */

import { Backoff, pause } from "./backoff.js";
import { isPassing, ProblemError, UnreachableError } from "./errors.js";
import { Resumption } from "./resumption.js";
import type { Event, Status, Values } from "./shapes.js";
import { Reader } from "./sse.js";
import type { Transport } from "./transport.js";

/** How a query is followed. */
export interface FollowOptions {
  /** `EPOCH-SEQUENCE` after which to begin, the `id` of an event or of results; from a snapshot if absent. */
  after?: string | null | undefined;
  /** The values of a query with `for_each`. */
  forEach?: Values | undefined;
  /** Ends the iteration. */
  signal?: AbortSignal | undefined;
  /**
   * For how long it is tried to connect again since something was last heard, in milliseconds, before the error is
   * thrown; without an end if absent.
   */
  patience?: number | undefined;
  /** Is told whenever the connection, or what the query is doing, changes. */
  onStatus?: ((status: Status) => void) | undefined;
}

const NONE: Status = { connection: "connecting", retryIn: null, error: null, state: null, trouble: null };

/** Returns the events of a query, without an end. Throws what a new attempt cannot mend. */
export async function* follow<R>(
  transport: Transport,
  query: string,
  options: FollowOptions,
): AsyncGenerator<Event<R>, void, undefined> {
  const { signal, forEach, patience = Infinity } = options;
  const place = new Resumption<R>(options.after ?? null, Object.keys(forEach ?? {}).length === 0);
  const backoff = new Backoff();
  let status = NONE;
  const tell = (change: Partial<Status>): void => {
    status = { ...status, ...change, state: place.condition?.state ?? null, trouble: place.condition?.error ?? null };
    options.onStatus?.(status);
  };
  let heard = Date.now();
  while (!signal?.aborted) {
    try {
      tell({ connection: "connecting", retryIn: null });
      for await (const events of connection(transport, query, place, options)) {
        heard = Date.now();
        // Being let in is not enough: a server that always ends the stream at once is not to be called without a pause.
        if (events.isProgress) backoff.reset();
        if (status.connection !== "live" || events.isTold) tell({ connection: "live", error: null });
        yield* events.events;
        heard = Date.now();
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (!isPassing(error)) throw error;
      if (Date.now() - heard >= patience) throw error;
      const retryIn = backoff.next(error instanceof ProblemError ? error.retryAfter : null);
      tell({ connection: "waiting", retryIn, error: error as Error });
      await pause(retryIn, signal, error instanceof UnreachableError);
    }
  }
}

/** The events of one message of a stream. */
interface Heard<R> {
  events: Event<R>[];
  /** Whether the next connection would begin at another place, or the server has said that nothing has happened. */
  isProgress: boolean;
  /** Whether the server has told what the query is doing. */
  isTold: boolean;
}

/** Returns the events of one connection, message by message. It ends with an error. */
async function* connection<R>(
  transport: Transport,
  query: string,
  place: Resumption<R>,
  options: FollowOptions,
): AsyncGenerator<Heard<R>, never, undefined> {
  const parameters: [string, string][] = Object.entries(options.forEach ?? {}).map(([name, value]) => [
    name,
    String(value),
  ]);
  if (place.position !== null) parameters.push(["after", place.position]);
  const path = `api/v1/queries/${encodeURIComponent(query)}/changes`;
  const answer = await transport.open({ path, parameters, accept: "text/event-stream", signal: options.signal });
  try {
    const events = place.connect(answer.headers.get("livewell-store"));
    yield { events, isProgress: false, isTold: false };
    if (events.length > 0) throw new UnreachableError("another store answers at this address");
    const reader = new Reader();
    for await (const piece of answer.pieces()) {
      for (const message of reader.push(piece)) {
        const isTold = message.event === "heartbeat" || message.event === "snapshot_end";
        const isProgress = isTold || message.event === "result";
        yield { events: place.take(message), isProgress, isTold };
        // Whoever stopped it while it had an event wants no other one.
        if (options.signal?.aborted) throw new UnreachableError("the caller has stopped");
      }
    }
  } finally {
    answer.close();
  }
  throw new UnreachableError("the server ended the stream");
}
