/*
 * An order of more rows than a browser keeps: the server holds it, pinned to one sequence, and rows are read by offset.
 *
 * Places are those of that sequence; values are followed. A page says of which sequence its values are, and results after
 * that are applied to them. Only some pages are kept.
 */

import { call, isAborted, asRefusal, of, open, type Refusal } from "./client.ts";
import { differing, type Kept } from "./fold.ts";
import type { Sort } from "./order.ts";
import { changed } from "./paint.ts";
import type { Data, Diff, Result } from "./types.ts";

/** How many rows are read at once. */
const PAGE = 100;
/** How many pages are kept. */
const PAGES_MAX = 60;
/** How long the place in sight has to hold before it is read, in milliseconds. */
const HOLD = 40;

/** Which rows, in which order. */
export interface Asked {
  sort: Sort[];
  search: string;
}

/** An order, as the server has made it. */
export interface Made {
  view: string;
  epoch: string;
  sequence: number;
  position: number;
  columns: string[];
  ordered: boolean;
  total: number;
}

interface Page {
  now: number;
  rows: { row_signature: string; data: Data | null; changed: boolean }[];
}

/** A row that was read, its place, and the sequence that its values are of. */
interface Placed {
  kept: Kept;
  at: number;
  now: number;
}

/** Has the server put rows in order. */
export function make(id: string, asked: Asked, signal: AbortSignal): Promise<Made> {
  const body = JSON.stringify({ sort: asked.sort, search: asked.search });
  return call<Made>(of("queries", id, "/views"), { method: "POST", body, signal, long: true });
}

export class View {
  /** Why rows cannot be read now. */
  refusal: Refusal | null = null;

  readonly #pages = new Map<number, Placed[]>();
  readonly #placed = new Map<string, Placed>();
  readonly #closing = new AbortController();
  #wanted: [first: number, last: number] = [0, 0];
  #timer: number | null = null;
  #isReading = false;

  constructor(
    readonly id: string,
    /** What was asked for; not what the address asks for, which may have been refused. */
    readonly asked: Asked,
    readonly made: Made,
    /** The latest results, newest first: what came after a page was read, and before it was here. */
    readonly recent: () => readonly Result[],
    /** Called if the server no longer has the order. */
    readonly lost: () => void,
  ) {}

  /** Ends it, here and on the server. */
  close(): void {
    this.#closing.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    // It would also go by itself.
    open(this.#path(""), { method: "DELETE" }).catch(() => {});
  }

  get length(): number {
    return this.made.total;
  }

  /** Returns the row at a place, if it was read. */
  at(index: number): Kept | undefined {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE]?.kept;
  }

  /** Returns the row with a signature, if it was read. */
  find(signature: string): Kept | undefined {
    return this.#placed.get(signature)?.kept;
  }

  indexOf(signature: string): number {
    return this.#placed.get(signature)?.at ?? -1;
  }

  /** Reads the rows of these places, once they have held for a moment. */
  need(first: number, last: number): void {
    this.#wanted = [first, Math.min(last, this.length)];
    if (this.#timer !== null || this.#missing() === null) return;
    this.#timer = window.setTimeout(() => {
      this.#timer = null;
      void this.#read();
    }, HOLD);
  }

  /** Tries again what was refused. */
  async again(): Promise<void> {
    this.refusal = null;
    changed();
    await this.#read();
  }

  /** The first page that is in sight and was not read. */
  #missing(): number | null {
    const [first, last] = this.#wanted;
    for (let page = Math.floor(first / PAGE); page * PAGE < last; page += 1) {
      if (!this.#pages.has(page)) return page;
    }
    return null;
  }

  async #read(): Promise<void> {
    if (this.#isReading || this.refusal) return;
    this.#isReading = true;
    const { signal } = this.#closing;
    try {
      for (let page = this.#missing(); page !== null; page = this.#missing()) {
        const path = this.#path(`?offset=${page * PAGE}&limit=${PAGE}`);
        const found = await call<Page>(path, { signal, urgent: true });
        if (signal.aborted) return;
        this.#keep(page, found);
        changed();
      }
    } catch (error) {
      if (signal.aborted || isAborted(error)) return;
      this.#refuse(asRefusal(error));
    } finally {
      this.#isReading = false;
    }
  }

  #refuse(refusal: Refusal): void {
    if (refusal.status === 410) return this.lost();
    this.refusal = refusal;
    changed();
  }

  #keep(page: number, { now, rows }: Page): void {
    const placed = rows.map(({ row_signature: signature, data }, index) => {
      const gone = data === null ? performance.now() : null;
      return { kept: { signature, data: data ?? {}, touched: null, gone }, at: page * PAGE + index, now };
    });
    this.#pages.set(page, placed);
    for (const one of placed) this.#placed.set(one.kept.signature, one);
    for (const result of this.recent().filter((result) => result.sequence > now).reverse()) this.apply(result);
    this.#forget();
  }

  /** Forgets the pages that are furthest from what is in sight. */
  #forget(): void {
    const middle = (this.#wanted[0] + this.#wanted[1]) / 2 / PAGE;
    while (this.#pages.size > PAGES_MAX) {
      const furthest = [...this.#pages.keys()].reduce((a, b) => (Math.abs(a - middle) > Math.abs(b - middle) ? a : b));
      for (const { kept } of this.#pages.get(furthest) ?? []) this.#placed.delete(kept.signature);
      this.#pages.delete(furthest);
    }
  }

  /** Applies a result to the rows that were read. */
  apply(result: Result): void {
    for (const diff of result.results) {
      const placed = this.#placed.get(diff.row_signature);
      if (placed && placed.now < result.sequence) this.#change(placed, diff, result.sequence);
    }
  }

  #change(placed: Placed, diff: Diff, sequence: number): void {
    const { kept } = placed;
    placed.now = sequence;
    const now = performance.now();
    if (diff.type === "DELETE") {
      kept.gone = now;
      return;
    }
    const data = diff.after ?? diff.data ?? {};
    kept.touched = { at: now, columns: new Set(differing(this.made.columns, kept.data, data)) };
    kept.data = data;
    kept.gone = null;
  }

  #path(rest: string): string {
    return of("queries", this.id, `/views/${this.made.view}${rest}`);
  }
}
