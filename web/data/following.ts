/*
 * The query on screen: its rows, its latest results, and what is wrong with either.
 *
 * The rows are read once (`results`) and followed from there (`stream`). After a `reset`, and after a gap, everything is
 * read again; old and new rows are never mixed. Each `Following` belongs to one visit of one query: once it is closed,
 * nothing that was asked for it is taken.
 */

import { asRefusal, call, isAborted, of, type Refusal } from "./client.ts";
import { drop, want, type Wanted } from "./feed.ts";
import { Fold } from "./fold.ts";
import { changed } from "./paint.ts";
import type { Result, Results, State, Trouble } from "./types.ts";

/** How many rows a browser keeps; of a larger query it shows the first. */
export const ROWS_MAX = 10_000;
/** How many results the list of diffs keeps. */
const RESULTS_MAX = 2_000;
/** How many results are held back while a person reads; beyond, the rows are read again afterwards. */
const HELD_MAX = 10_000;

export interface Condition {
  state: State;
  error: Trouble | null;
}

export class Following {
  fold: Fold | null = null;
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
  #wanted: Wanted | null = null;
  #tooMany = false;

  constructor(readonly id: string) {
    void this.read();
  }

  /** Ends it: no answer that is still to come is taken. */
  close(): void {
    this.#closing.abort();
    if (this.#wanted) drop(this.#wanted);
  }

  /** Reads the rows, and follows them from there. */
  async read(): Promise<void> {
    const { signal } = this.#closing;
    try {
      const results = await call<Results>(of("queries", this.id, `/results?limit=${ROWS_MAX}`), { signal });
      if (signal.aborted) return;
      this.#begin(results);
    } catch (error) {
      if (signal.aborted || isAborted(error)) return;
      this.refusal = asRefusal(error);
      changed();
      this.#again(this.refusal);
    }
  }

  /** Reads once more after what passes by itself: rows that are being built, a server that is away or busy. */
  #again({ status, retryAfter }: Refusal): void {
    if (![0, 429, 503].includes(status)) return;
    setTimeout(() => {
      if (!this.#closing.signal.aborted) void this.read();
    }, (retryAfter ?? 2) * 1000);
  }

  #begin(results: Results): void {
    this.fold = new Fold(results, results.cursor != null);
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
        this.#result(data as Result);
        break;
      case "snapshot_end":
      case "head":
      case "heartbeat":
        this.condition = data as Condition;
        break;
    }
    changed();
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

  /** Adds results that came before those that are known; newest first. */
  addOlder(results: Result[]): void {
    const oldest = this.recent.at(-1)?.sequence ?? Infinity;
    this.recent.push(...results.filter((result) => result.sequence < oldest));
    changed();
  }
}
