/* A line at the foot of the page that says what was done, and can undo it. */

import { signal } from "@preact/signals";
import { asRefusal } from "../data/client.ts";
import { Message } from "./text.tsx";

interface Said {
  text: string;
  undo: (() => Promise<void>) | null;
}

const LASTS = 8_000;
const said = signal<Said | null>(null);
let timer: number | null = null;

/** Says a sentence for a while, with a way back if there is one. */
export function say(text: string, undo: (() => Promise<void>) | null = null): void {
  said.value = { text, undo };
  linger();
}

/** Says why something could not be done. */
export function sayWhy(error: unknown): void {
  const { message, code } = asRefusal(error);
  say(code ? `${message} (${code})` : message);
}

function linger(): void {
  if (timer !== null) clearTimeout(timer);
  timer = window.setTimeout(() => {
    said.value = null;
  }, LASTS);
}

function stay(): void {
  if (timer !== null) clearTimeout(timer);
}

/** The line; it stays while it is pointed at or has the focus. */
export function Toast() {
  const now = said.value;
  const undo = async () => {
    said.value = null;
    await now?.undo?.().catch(sayWhy);
  };
  return (
    <div class="toast" data-on={now ? "" : undefined} onPointerEnter={stay} onPointerLeave={linger} onFocusIn={stay} onFocusOut={linger}>
      <span role="status">{now ? <Message of={now.text} /> : null}</span>
      {now?.undo ? (
        <button type="button" onClick={() => void undo()}>
          Undo
        </button>
      ) : null}
    </div>
  );
}
