/* The token of this tab. It is in `sessionStorage`, so it ends with the tab, and never in an address. */

import { signal } from "@preact/signals";

const KEY = "livewell.token";

/** Why the server asks for a token, in its words; `null` while it does not ask. */
export const asked = signal<string | null>(null);

/** Returns the token of this tab. */
export function token(): string | null {
  return sessionStorage.getItem(KEY);
}

/** Keeps a token until the tab is closed. */
export function keep(token: string): void {
  sessionStorage.setItem(KEY, token);
}

/** Forgets the token. */
export function forget(): void {
  sessionStorage.removeItem(KEY);
}

/** Returns the headers that a call needs. */
export function authorization(): Record<string, string> {
  const given = token();
  return given === null ? {} : { authorization: `Bearer ${given}` };
}
