/* States as a shape and a word; colour only repeats what they say. */

import type { State } from "../data/types.ts";
import { inWords } from "../text.ts";

/** What a mark shows: a state, or a warning. */
export type Shown = State | "warning";

const TICK = "M4.2 7.2 6.2 9.2 9.9 5";
const TRIANGLE = "M7 .9 13.6 12.6H.4Z";

function shape(state: Shown) {
  switch (state) {
    case "caught_up":
      return [<circle class="full" cx="7" cy="7" r="6" />, <path class="on" d={TICK} />];
    case "running":
      return [<circle class="full" cx="7" cy="7" r="6" />, <path class="on solid" d="M5.5 4.3 10 7 5.5 9.7Z" />];
    case "starting":
      return <circle class="ring dashed" cx="7" cy="7" r="5.2" />;
    case "waiting":
      return [<circle class="ring" cx="7" cy="7" r="5.2" />, <path class="ring" d="M7 4v3.2l2 1.3" />];
    case "paused":
      return [<circle class="ring" cx="7" cy="7" r="5.2" />, <path class="ring" d="M5.6 5v4M8.4 5v4" />];
    case "stopped":
      return <rect class="ring" x="2" y="2" width="10" height="10" rx="2" />;
    case "error":
      return [<path class="full" d={TRIANGLE} />, <path class="on" d="M7 5v3.6M7 10.3v.6" />];
    case "warning":
      return [<circle class="full" cx="7" cy="7" r="6" />, <path class="on" d="M7 3.7v3.8M7 9.8v.5" />];
  }
}

/** The mark of a state; with `named`, a reader of the screen hears it. */
export function Mark({ of, named = false }: { of: Shown; named?: boolean }) {
  const label = named ? { role: "img" as const, "aria-label": inWords(of) } : { "aria-hidden": true as const };
  return (
    <svg class="mark" data-state={of} viewBox="0 0 14 14" {...label}>
      {shape(of)}
    </svg>
  );
}

/** A state with its word. */
export function Chip({ of, more }: { of: State; more?: string | undefined }) {
  return (
    <span class="chip" data-state={of}>
      <Mark of={of} />
      {inWords(of)}
      {more ? `, ${more}` : ""}
    </span>
  );
}

/** The sign of Livewell. */
export function Logo() {
  const wave = "M1.5 12.5c2.3 0 2.8-2 5.25-2s2.95 2 5.25 2 2.95-2 5.25-2 2.95 2 5.25 2v4a6 6 0 0 1-6 6H7.5a6 6 0 0 1-6-6Z";
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <rect x="1.5" y="1.5" width="21" height="21" rx="6" fill="currentColor" opacity=".16" />
      <path d={wave} fill="currentColor" />
      <circle cx="16.2" cy="5.9" r="1.7" fill="currentColor" />
    </svg>
  );
}
