/* The rows of a query in the order of the store, a page after the other: what there is if they cannot be put in another order. */

import { call, of } from "./client.ts";
import type { Kept } from "./fold.ts";
import type { Results } from "./types.ts";

/** How many rows a page has. */
export const PAGE = 1_000;

export interface Page {
  /** The place in the results that the rows are of. */
  at: string;
  columns: string[];
  rows: Kept[];
  /** How many rows come before. */
  before: number;
  /** What leads to the next page; `null` if this is the last. */
  next: string | null;
}

/** Reads the first page, or the one behind another, of the same sequence. */
export async function readPage(id: string, last: Page | null, signal: AbortSignal): Promise<Page> {
  const cursor = last?.next ? `&cursor=${encodeURIComponent(last.next)}` : "";
  const { epoch, sequence, columns, rows, cursor: next } = await call<Results>(of("queries", id, `/results?limit=${PAGE}${cursor}`), { signal });
  const kept = rows.map(({ row_signature: signature, data }) => ({ signature, data, touched: null, gone: null }));
  return { at: `${epoch}-${sequence}`, columns, rows: kept, before: last ? last.before + last.rows.length : 0, next: next ?? null };
}
