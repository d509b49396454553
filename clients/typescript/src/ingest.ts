/* Sends changes to an `http` source, each body exactly once however often it has to be repeated. */

import { print } from "./json.js";
import { repeated } from "./retry.js";
import type { Receipt } from "./shapes.js";
import type { Transport } from "./transport.js";

/** The properties of an element; `bigint` keeps integers beyond 2^53 - 1 exact. */
export type Properties = { [name: string]: unknown };

/** An element as it is. */
export type Element =
  | { type: "node"; id: string; labels?: string[]; properties?: Properties }
  | {
      type: "relationship";
      id: string;
      labels: [string];
      from: string | EndOf;
      to: string | EndOf;
      properties?: Properties;
    };

/** An end of a relationship in another source. */
export interface EndOf {
  source: string;
  id: string;
}

/** A change of one element. `timestamp` is in nanoseconds since 1970. */
export type Change =
  | { operation: "insert"; element: Element; timestamp?: number | bigint }
  | {
      operation: "update";
      element: { id: string; type?: Element["type"]; labels?: string[]; properties?: Properties };
      timestamp?: number | bigint;
    }
  | { operation: "delete"; id: string; timestamp?: number | bigint };

/** Changes that queries see all at once. */
export interface Transaction {
  transaction: Change[];
  timestamp?: number | bigint;
}

/** What can be sent: changes, transactions, or, for a source with a `node`, records of any shape. */
export type Sent = Change | Transaction | object;

/** How changes are sent. */
export interface IngestOptions {
  /**
   * From 1 to 255 printable ASCII characters that name this body. The same key with the same changes is taken in once,
   * also by another process or another day, among the last 10,000 keys of the source. Made up for each call if absent.
   */
  idempotencyKey?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** Sends changes; returns once they are durable. */
export async function ingest(
  transport: Transport,
  patience: number,
  source: string,
  changes: Sent | Iterable<Sent>,
  options: IngestOptions,
): Promise<Receipt> {
  const { signal, idempotencyKey = key() } = options;
  const all = Symbol.iterator in changes ? [...(changes as Iterable<Sent>)] : [changes];
  const body = all.map((change) => `${print(change)}\n`).join("");
  const path = `api/v1/sources/${encodeURIComponent(source)}/changes`;
  const headers = { "content-type": "application/x-ndjson", "idempotency-key": idempotencyKey };
  // An answer that was lost comes again by the key, so that repeating is safe.
  return repeated({ patience, signal }, () => transport.json<Receipt>({ path, body, headers, signal }));
}

/** Makes a key up. (`randomUUID` is missing in pages that come neither by TLS nor from this machine.) */
function key(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(16).padStart(8, "0")).join("");
}
