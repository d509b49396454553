/* The clipboard. */

import { say, sayWhy } from "../part/toast.tsx";

/** Puts text into the clipboard, where the browser lets a page do so. */
export function copy(text: string): void {
  const done = navigator.clipboard?.writeText(text);
  if (!done) return say("This browser lets pages use the clipboard only over TLS or on this machine.");
  done.then(() => say("Copied."), sayWhy);
}
