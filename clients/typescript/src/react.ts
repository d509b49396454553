/* A hook for React: the rows of a query in a component, as they are now. */

import { useMemo, useSyncExternalStore } from "react";
import type { Client } from "./client.js";
import type { LiveQuery, LiveStatus } from "./live.js";
import type { Data, Row, State, Trouble, Values } from "./shapes.js";

/** How long changes are collected before a component is drawn again, in milliseconds: about a frame. */
const FRAME = 16;

/** What a component sees. It is the same object until something changes. */
export interface Live<R> {
  /** First the rows of the snapshot in its order, then others as they came; empty before the snapshot is complete. */
  rows: readonly Row<R>[];
  columns: readonly string[];
  status: LiveStatus;
  /** `EPOCH-SEQUENCE` that the rows are of; null before the snapshot is complete. */
  position: string | null;
  /** Why the connection was lost, or why it has ended. */
  error: Error | null;
  /** What the query is doing, as far as it is known. */
  state: State | null;
  /** What keeps the query from advancing. */
  trouble: Trouble | null;
}

/** How a query is followed. */
export interface LiveOptions {
  /** The values of a query with `for_each`. Other values are another list. */
  forEach?: Values | undefined;
}

const NOTHING: Live<never> = {
  rows: [],
  columns: [],
  status: "connecting",
  position: null,
  error: null,
  state: null,
  trouble: null,
};

/**
 * Returns the rows of a query as they are now, and draws the component again when they change, at most once a frame.
 * The query is followed as long as the component is mounted. `client` is made once, outside of the component.
 */
export function useLiveQuery<
  Queries extends { [Query in keyof Queries]: object } = { [query: string]: Data },
  Q extends keyof Queries & string = keyof Queries & string,
>(client: Client<Queries>, query: Q, options: LiveOptions = {}): Live<Queries[Q]> {
  // Values are compared as texts: most components make the object again each time.
  const values = JSON.stringify(
    Object.entries(options.forEach ?? {})
      .map(([name, value]) => [name, String(value)])
      .sort(),
  );
  const store = useMemo(() => {
    const given = JSON.parse(values) as [string, string][];
    return new Store(() => client.live(query, given.length > 0 ? { forEach: Object.fromEntries(given) } : {}));
  }, [client, query, values]);
  return useSyncExternalStore(store.subscribe, store.snapshot, nothing);
}

/** On a server there are no rows: effects, and so connections, begin in the browser. */
function nothing(): Live<never> {
  return NOTHING;
}

/** Follows a query as long as somebody listens. */
class Store<R> {
  #query: LiveQuery<R> | null = null;
  #shown: Live<R> = NOTHING;
  #isStale = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  readonly #listeners = new Set<() => void>();

  constructor(readonly begin: () => LiveQuery<R>) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    this.#open();
    return () => {
      this.#listeners.delete(listener);
      // In strict mode a component leaves and comes back at once, which should not cost a connection.
      setTimeout(() => this.#closeIfAlone(), 0);
    };
  };

  readonly snapshot = (): Live<R> => {
    if (!this.#isStale || this.#query === null) return this.#shown;
    this.#isStale = false;
    const { rows, columns, status, position, error, state, trouble } = this.#query;
    // A change of the status alone keeps the list, for what was computed from it.
    const list =
      position === this.#shown.position
        ? this.#shown.rows
        : [...rows].map(([signature, data]) => ({ signature, data }));
    this.#shown = { rows: list, columns, status, position, error, state, trouble };
    return this.#shown;
  };

  #open(): void {
    if (this.#query !== null) return;
    const query = this.begin();
    this.#query = query;
    query.subscribe(() => this.#changed());
    query.watch(() => this.#changed());
  }

  #closeIfAlone(): void {
    if (this.#listeners.size > 0) return;
    const query = this.#query;
    this.#query = null;
    query?.close();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#isStale = true;
      for (const listener of [...this.#listeners]) listener();
    }, FRAME);
  }
}
