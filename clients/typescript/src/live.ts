/* A query that is followed in the background: its rows as they are now, and how the connection stands. */

import { LiveRows } from "./rows.js";
import type { Event, State, Status, Trouble } from "./shapes.js";

/**
 * `connecting`: nothing has come yet. `live`: the rows are followed. `reconnecting`: the connection is lost, and the
 * rows are as of then. `failed`: it has ended with an error. `closed`: it was ended by `close`.
 */
export type LiveStatus = "connecting" | "live" | "reconnecting" | "failed" | "closed";

/** The rows of a query, kept current until `close`. */
export class LiveQuery<R> extends LiveRows<R> {
  #status: LiveStatus = "connecting";
  #error: Error | null = null;
  #state: State | null = null;
  #trouble: Trouble | null = null;
  #isConnected = false;
  readonly #stop = new AbortController();
  readonly #watchers = new Set<() => void>();
  /** Resolves once the first snapshot is complete; rejects if it cannot come. */
  readonly ready: Promise<void>;

  /** `begin` follows the query; see `Client.live`. */
  constructor(begin: (signal: AbortSignal, onStatus: (status: Status) => void) => AsyncIterable<Event<R>>) {
    super();
    this.ready = new Promise((resolve, reject) => {
      const end = this.subscribe(() => {
        end();
        resolve();
      });
      void this.#run(begin).then(reject);
    });
    // Who does not wait for it learns of a failure by `status`.
    this.ready.catch(() => {});
  }

  get status(): LiveStatus {
    return this.#status;
  }

  /** Why the connection was lost, or why it has ended; null while all is well. */
  get error(): Error | null {
    return this.#error;
  }

  /** What the query is doing, as far as it is known. */
  get state(): State | null {
    return this.#state;
  }

  /** What keeps the query from advancing; null if nothing does. */
  get trouble(): Trouble | null {
    return this.#trouble;
  }

  /** Calls `watcher` when the status, the error, the state or the trouble changes. Returns what ends that. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Ends the connection. The rows stay as they are. */
  close(): void {
    if (this.#status === "failed" || this.#status === "closed") return;
    this.#stop.abort();
    this.#set("closed", null);
  }

  /** Follows until the end; returns why it came. */
  async #run(
    begin: (signal: AbortSignal, onStatus: (status: Status) => void) => AsyncIterable<Event<R>>,
  ): Promise<Error> {
    try {
      for await (const event of begin(this.#stop.signal, (status) => this.#told(status))) {
        if (this.#stop.signal.aborted) break;
        this.apply(event);
        if (this.#status !== "live") this.#settle();
      }
      return new Error("the live query was closed");
    } catch (error) {
      this.#stop.abort();
      this.#set("failed", error as Error);
      return error as Error;
    }
  }

  #told(status: Status): void {
    if (this.#stop.signal.aborted) return;
    this.#state = status.state;
    this.#trouble = status.trouble;
    this.#isConnected = status.connection === "live";
    this.#error = status.error;
    this.#settle();
  }

  /**
   * Sets the status: rows of before a connection was lost are followed again, or replaced, once there is another one.
   */
  #settle(): void {
    if (this.#isConnected && this.position !== null) this.#set("live", null);
    else this.#set(this.#error !== null || this.position !== null ? "reconnecting" : "connecting", this.#error);
  }

  #set(status: LiveStatus, error: Error | null): void {
    this.#status = status;
    this.#error = error;
    for (const watcher of [...this.#watchers]) watcher();
  }
}
