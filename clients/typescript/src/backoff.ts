/* How long to wait before the next attempt: exponential, with jitter, never before the server asks for it. */

/** The first pause, at most, in milliseconds; each further one is twice as long. */
const FIRST = 500;
/** The longest pause, in milliseconds. */
const MAX = 30_000;
/** The longest pause that a server can ask for, in milliseconds. */
const ASKED_MAX = 300_000;

/** Counts attempts that have failed, and says how long to wait before the next one. */
export class Backoff {
  #failures = 0;

  /** `random` returns numbers from 0 to 1. */
  constructor(readonly random: () => number = Math.random) {}

  /**
   * Notes a failure and returns the pause before the next attempt, in milliseconds. Half of it is random, so that
   * clients that lost the same server do not return at the same moment. `asked` is what the server has asked for
   * (`Retry-After`).
   */
  next(asked: number | null = null): number {
    const longest = Math.min(MAX, FIRST * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    const pause = longest / 2 + (longest / 2) * this.random();
    if (asked === null) return pause;
    return Math.max(pause, Math.min(asked, ASKED_MAX) + FIRST * this.random());
  }

  /** Begins with short pauses again: the last attempt has led further. */
  reset(): void {
    this.#failures = 0;
  }
}

/** Reads a `Retry-After` header: seconds, or a date. Returns milliseconds from `now`; null if there is none. */
export function retryAfter(header: string | null, now: number = Date.now()): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  // Dates of HTTP begin with the day of the week; the parser takes far more than these.
  const date = /^[A-Z]/i.test(header) ? Date.parse(header) : NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/**
 * Waits. Ends early if `signal` is aborted and, if `isOurs` (the server has not asked for the pause), when a browser that
 * was offline is online again.
 */
export function pause(milliseconds: number, signal?: AbortSignal, isOurs = false): Promise<void> {
  return new Promise((resolve) => {
    const page = isOurs && typeof window !== "undefined" ? window : undefined;
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      page?.removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", done);
    page?.addEventListener("online", done);
    if (signal?.aborted) done();
  });
}
