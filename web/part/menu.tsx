/* More actions behind one button. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { say } from "./toast.tsx";

export interface Entry {
  label: string;
  act: () => void;
  destroys?: boolean;
  unless?: string | null;
}

export function Menu({ label, of, class: kind = "" }: { label: string; of: Entry[]; class?: string }) {
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const items = () => [...(box.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
  const close = () => {
    setOpen(false);
    box.current?.querySelector("button")?.focus();
  };
  // Before the next key comes.
  useLayoutEffect(() => {
    if (!isOpen) return;
    items()[0]?.focus();
    const outside = (event: Event) => {
      if (!box.current?.contains(event.target as Element)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [isOpen]);
  const onKey = (event: KeyboardEvent) => {
    if (!isOpen) return;
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") close();
    if (event.key === "Escape") event.stopPropagation();
    if (to === undefined) return;
    event.preventDefault();
    all[to % all.length]?.focus();
  };
  const choose = (entry: Entry) => {
    if (entry.unless) return say(entry.unless);
    close();
    entry.act();
  };
  return (
    <div class={`menu-box ${kind}`} ref={box} onKeyDown={onKey}>
      <button type="button" class={`button ${kind}`} aria-haspopup="menu" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {label}
      </button>
      {isOpen ? (
        <div class="menu-list" role="menu" aria-label={label}>
          {of.map((entry) => (
            <button
              key={entry.label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              class={entry.destroys ? "danger" : ""}
              aria-disabled={entry.unless ? true : undefined}
              title={entry.unless || undefined}
              onClick={() => choose(entry)}
            >
              {entry.label}
            </button>
          ))}
        </div>
      ) : null}
    </div>
  );
}
