/*
 * The query on screen: its rows, its latest results, and what is wrong with either.
 *
 * Up to `ROWS_MAX` rows are kept here; of more the server holds an order (`view.ts`). The rows are read once (`results`) and
 * followed from there (`stream`). After a `reset`, and after a gap, everything is read again; old and new rows are never
 * mixed. Each `Following` belongs to one visit of one query: once it is closed, nothing that was asked for it is taken.
 */

import { asRefusal, call, isAborted, of, type Refusal } from "./client.ts";
import { drop, want, type Wanted } from "./feed.ts";
import { Fold } from "./fold.ts";
import { changed } from "./paint.ts";
import { node } from "./store.ts";
import type { Result, Results, State, Trouble } from "./types.ts";
import { make, View, type Asked, type Made } from "./view.ts";

/** How many rows a browser keeps; of a larger query the server holds the order. */
export const ROWS_MAX = 10_000;
/** How many results the list of diffs keeps. */
const RESULTS_MAX = 2_000;
/** How many results are held back while a person reads; beyond, the rows are read again afterwards. */
const HELD_MAX = 10_000;
/** After how long a query is followed again that has stopped, in milliseconds: at first, and at most. */
const RESUME_MIN = 1_000;
const RESUME_MAX = 30_000;

export interface Condition {
  state: State;
  error: Trouble | null;
}

export class Following {
  fold: Fold | null = null;
  /** The order of the rows of a large query, which the server holds. */
  view: View | null = null;
  /** The order that was asked for last. */
  ordered: Asked | null = null;
  /** Whether rows are being put in order. */
  isOrdering = false;
  /** The latest results, newest first. */
  recent: Result[] = [];
  condition: Condition | null = null;
  refusal: Refusal | null = null;
  /** When the rows were read again because they could not be followed. */
  rebuilt: number | null = null;
  /** What came while the rows are held. */
  held: Result[] | null = null;
  /** Called with each result that was applied. */
  onResult: (result: Result, added: string[]) => void = () => {};

  readonly #closing = new AbortController();
  #ordering = new AbortController();
  #wanted: Wanted | null = null;
  #tooMany = false;
  #isLarge: boolean;
  #resume = RESUME_MIN;

  /** Follows a query that has about so many rows. `asked` says which of a large one are looked at, in which order. */
  constructor(
    readonly id: string,
    rows: number,
    readonly asked: () => Asked,
  ) {
    this.#isLarge = rows > ROWS_MAX;
    void this.read();
  }

  /** Ends it: no answer that is still to come is taken. */
  close(): void {
    this.#closing.abort();
    this.#ordering.abort();
    this.view?.close();
    if (this.#wanted) drop(this.#wanted);
  }

  /** Reads the rows, and follows them from there. */
  async read(): Promise<void> {
    if (this.#isLarge) return this.order();
    const { signal } = this.#closing;
    try {
      const results = await call<Results>(of("queries", this.id, `/results?limit=${ROWS_MAX}`), { signal });
      if (signal.aborted) return;
      this.#isLarge = results.cursor != null;
      if (this.#isLarge) return await this.order();
      this.#begin(results);
    } catch (error) {
      if (signal.aborted || isAborted(error)) return;
      this.refusal = asRefusal(error);
      changed();
      this.#again(this.refusal);
    }
  }

  /** Has the server put the rows of a large query in order, as they are now. The order before stays until then. */
  async order(): Promise<void> {
    this.#ordering.abort();
    const ordering = (this.#ordering = new AbortController());
    this.isOrdering = true;
    this.ordered = this.asked();
    changed();
    try {
      const asked = this.ordered;
      const made = await make(this.id, asked, ordering.signal);
      if (ordering.signal.aborted) return;
      this.isOrdering = false;
      this.#show(asked, made);
    } catch (error) {
      if (ordering.signal.aborted || isAborted(error)) return;
      this.isOrdering = false;
      this.refusal = asRefusal(error);
      changed();
      this.#again(this.refusal);
    }
  }

  #show(asked: Asked, made: Made): void {
    this.view?.close();
    this.view = new View(this.id, asked, made, () => this.recent, () => void this.order());
    this.refusal = null;
    const { epoch, sequence, position, columns, ordered } = made;
    if (this.fold?.epoch === epoch) changed();
    else this.#begin({ epoch, sequence, position, columns, ordered, rows: [], checked: null, state: "running", error: null });
  }

  /** Reads once more after what passes by itself: rows that are being built, a server that is away or busy. */
  #again({ status, retryAfter }: Refusal): void {
    if (![0, 429, 503].includes(status)) return;
    setTimeout(() => {
      if (!this.#closing.signal.aborted) void this.read();
    }, (retryAfter ?? 2) * 1000);
  }

  #begin(results: Results): void {
    this.fold = new Fold(results, this.#isLarge);
    this.condition = { state: results.state, error: results.error };
    this.refusal = null;
    this.held &&= [];
    this.#tooMany = false;
    this.#wanted = {
      query: this.id,
      after: () => this.fold?.at ?? "0-0",
      take: (event, data) => this.#take(event, data),
      refuse: (refusal) => {
        this.refusal = refusal;
        changed();
      },
    };
    want(this.#wanted);
    changed();
  }

  #take(event: string, data: unknown): void {
    switch (event) {
      case "reset":
        this.rebuilt = Date.now();
        void this.read();
        break;
      case "result":
        this.#resume = RESUME_MIN;
        this.#result(data as Result);
        break;
      case "end":
        this.#resumeLater();
        break;
      case "snapshot_end":
      case "head":
      case "heartbeat":
        this.condition = data as Condition;
        break;
    }
    changed();
  }

  /** Follows the query again once it runs: it was stopped, or is another one by now. */
  #resumeLater(): void {
    const wait = this.#resume;
    this.#resume = Math.min(RESUME_MAX, 2 * wait);
    setTimeout(() => {
      if (this.#closing.signal.aborted) return;
      if (node(this.id)?.state === "stopped") this.#resumeLater();
      else void this.read();
    }, wait);
  }

  #result(result: Result): void {
    if (this.held === null) return this.#apply(result);
    if (this.held.length < HELD_MAX) this.held.push(result);
    else this.#tooMany = true;
  }

  #apply(result: Result): void {
    const { fold } = this;
    if (!fold || result.epoch !== fold.epoch || result.sequence <= fold.sequence) return;
    const added = fold.apply(result, performance.now());
    this.view?.apply(result);
    this.recent.unshift(result);
    if (this.recent.length > RESULTS_MAX) this.recent.length = RESULTS_MAX;
    this.onResult(result, added);
  }

  /** Holds the rows as they are, or lets them go on. */
  hold(on: boolean): void {
    if (on === (this.held !== null)) return;
    const held = this.held ?? [];
    this.held = on ? [] : null;
    if (this.#tooMany) void this.read();
    else for (const result of held) this.#apply(result);
    this.#tooMany = false;
    changed();
  }
}
