/* Repeats a call until it succeeds, is refused for good, or patience ends. */

import { Backoff, pause } from "./backoff.js";
import { isPassing, ProblemError } from "./errors.js";

/** How long a call is repeated, and what ends it early. */
export interface Repeat {
  /** In milliseconds. */
  patience: number;
  signal?: AbortSignal | undefined;
}

/** Runs `call` until it returns. Throws its error if that does not pass, or has not passed within `patience`. */
export async function repeated<T>({ patience, signal }: Repeat, call: () => Promise<T>): Promise<T> {
  const [backoff, began] = [new Backoff(), Date.now()];
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (signal?.aborted || !isPassing(error)) throw error;
      const wait = backoff.next(error instanceof ProblemError ? error.retryAfter : null);
      // A pause that ends too late would only delay the error.
      if (Date.now() - began + wait > patience) throw error;
      await pause(wait, signal);
      signal?.throwIfAborted();
    }
  }
}
