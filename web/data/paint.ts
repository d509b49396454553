/*
 * When the screen is painted: at most four times a second, however fast the stream is.
 *
 * The data is plain objects that change at any time. Whoever changes them calls `changed`; views read `painted`, and so
 * are drawn again after that, once for all that has changed.
 */

import { signal } from "@preact/signals";

const APART = 250;

/** Counts the paintings; a view that reads it is drawn at each. */
export const painted = signal(0);

let last = -APART;
let timer: number | null = null;

/** Has the views drawn soon. */
export function changed(): void {
  if (timer !== null) return;
  const wait = Math.max(0, last + APART - performance.now());
  timer = window.setTimeout(paint, wait);
}

function paint(): void {
  timer = null;
  last = performance.now();
  painted.value += 1;
}

/** The present, to the second, for what counts time. */
export const now = signal(Date.now());

/** Starts the clock. */
export function tick(): void {
  setInterval(() => {
    if (!document.hidden) now.value = Date.now();
  }, 1000);
}
