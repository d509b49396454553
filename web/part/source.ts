/* What a grid shows: rows by their places, all at hand or read as they come in sight. */

import type { Kept } from "../data/fold.ts";

export interface Source {
  /** Another one once the rows are others or in another order. */
  readonly key: unknown;
  readonly length: number;
  /** The row at a place; nothing while it is read. */
  at(index: number): Kept | undefined;
  /** The place of a row, or -1. */
  indexOf(signature: string): number;
  /** Says which places are in sight. */
  need(first: number, last: number): void;
}

/** Rows that are all at hand. */
export class Rows implements Source {
  constructor(private readonly rows: readonly Kept[]) {}

  get key(): unknown {
    return this.rows;
  }

  get length(): number {
    return this.rows.length;
  }

  at(index: number): Kept | undefined {
    return this.rows[index];
  }

  indexOf(signature: string): number {
    return this.rows.findIndex((row) => row.signature === signature);
  }

  need(): void {}
}
