/* Buttons that never vanish, say why they cannot be used, and send once. */

import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { connection } from "../data/feed.ts";
import { may } from "../data/store.ts";
import type { Scope } from "../data/types.ts";
import { say } from "./toast.tsx";

export interface ButtonProps {
  children: ComponentChildren;
  /** What it does; while that lasts, it keeps its width and is not done again. */
  act: () => void | Promise<void>;
  class?: string;
  /** Why it cannot be used now. */
  unless?: string | null | undefined;
  label?: string;
  pressed?: boolean;
  id?: string;
}

/** A button. One that cannot be used stays where it is, can be reached, and says why. */
export function Button({ children, act, class: kind = "", unless, label, pressed, id }: ButtonProps) {
  const [isBusy, setBusy] = useState(false);
  const sending = useRef(false);
  const press = async () => {
    if (unless) return say(unless);
    if (sending.current) return;
    sending.current = true;
    // What is done at once does not flicker.
    const slow = setTimeout(() => setBusy(true), 120);
    try {
      await act();
    } finally {
      clearTimeout(slow);
      sending.current = false;
      setBusy(false);
    }
  };
  return (
    <button
      type="button"
      id={id}
      class={`button ${kind}`}
      aria-disabled={unless ? true : undefined}
      aria-busy={isBusy ? true : undefined}
      aria-label={label}
      aria-pressed={pressed}
      title={unless || undefined}
      onClick={() => void press()}
    >
      {children}
    </button>
  );
}

/** Returns why what needs a scope cannot be done now; `null` if it can. */
export function obstacle(scope: Scope): string | null {
  const { state } = connection.value;
  if (state === "lost") return "There is no connection to the server.";
  return may(scope) ? null : `Your token does not have the scope ${scope}.`;
}

export interface Choice {
  value: string;
  label: string;
}

/** Buttons of which one is pressed. */
export function Segments(props: { label: string; of: Choice[]; chosen: string; choose: (value: string) => void }) {
  return (
    <div class="segments" role="group" aria-label={props.label}>
      {props.of.map(({ value, label }) => (
        <button key={value} type="button" aria-pressed={value === props.chosen} onClick={() => props.choose(value)}>
          {label}
        </button>
      ))}
    </div>
  );
}
