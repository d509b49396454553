/*
 * Results that came before those that are known, read backwards as far as the outbox goes. The server looks for kinds and
 * texts, so that what does not match is not sent.
 */

import { asRefusal, call, isAborted, of, type Refusal } from "./client.ts";
import type { Following } from "./following.ts";
import { changed } from "./paint.ts";
import type { Result } from "./types.ts";

/** How many results are read at once. */
const PAGE = 200;
/** How many times the server is asked until something is found: each time it looks at a bounded number of results. */
const CALLS_MAX = 10;

/** A result of which some diffs were asked for. */
export interface Found extends Result {
  /** How many diffs were asked for; `null` if the result is too large to be looked at. */
  count: number | null;
}

interface Part {
  from: number;
  results: Found[];
  next: string | null;
}

export interface Filter {
  /** The type of a diff, or nothing for all. */
  kind: string;
  search: string;
}

export class Past {
  /** The latest first. */
  results: Found[] = [];
  refusal: Refusal | null = null;
  /** The first sequence that the outbox still has, once it is known. */
  from: number | null = null;

  readonly #closing = new AbortController();
  readonly #epoch: string;
  /** The sequence before which it begins. */
  readonly begin: number;
  #next: string | null;
  #isReading = false;

  constructor(
    readonly following: Following,
    readonly filter: Filter,
  ) {
    const { fold, recent } = following;
    this.#epoch = fold?.epoch ?? "";
    this.begin = recent.at(-1)?.sequence ?? (fold?.sequence ?? 0) + 1;
    this.#next = `${this.#epoch}-${this.begin}`;
  }

  close(): void {
    this.#closing.abort();
  }

  /** Whether everything was read. */
  get isEnd(): boolean {
    return this.#next === null;
  }

  /** Whether it still begins where the results that are known end. */
  get isNext(): boolean {
    const { fold, recent } = this.following;
    const oldest = recent.at(-1)?.sequence ?? (fold?.sequence ?? 0) + 1;
    return fold?.epoch === this.#epoch && oldest <= this.begin;
  }

  /** Reads more. */
  async more(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    const before = this.results.length;
    try {
      for (let asked = 0; asked < CALLS_MAX && this.#next !== null && this.results.length === before; asked += 1) {
        await this.#part(this.#next);
      }
      this.refusal = null;
    } catch (error) {
      if (!this.#closing.signal.aborted && !isAborted(error)) this.refusal = asRefusal(error);
    } finally {
      this.#isReading = false;
      changed();
    }
  }

  async #part(before: string): Promise<void> {
    const { kind, search } = this.filter;
    const asked = new URLSearchParams({ before, limit: String(PAGE), ...(kind && { kind }), ...(search && { search }) });
    const path = of("queries", this.following.id, `/outbox?${asked.toString()}`);
    const part = await call<Part>(path, { signal: this.#closing.signal });
    this.results.push(...part.results);
    this.from = part.from;
    this.#next = part.next;
  }
}
