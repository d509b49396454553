/* Views of one thing, of which one is shown. Each has an address. */

import { useEffect } from "preact/hooks";

export interface Tab {
  id: string;
  label: string;
  /** A number beside the label. */
  count?: string | undefined;
  /** Whether the number wants somebody. */
  isBad?: boolean;
}

export function Tabs(props: { label: string; of: Tab[]; chosen: string; address: (id: string) => string }) {
  const { label, of, chosen, address } = props;
  useEffect(() => {
    // Where they do not fit beside each other, the chosen one is scrolled to, also once it has its number; the page is not.
    const tab = document.getElementById(`tab-${chosen}`);
    const box = tab?.parentElement;
    if (!tab || !box) return;
    const [left, right] = [tab.offsetLeft - box.offsetLeft, tab.offsetLeft - box.offsetLeft + tab.offsetWidth];
    box.scrollLeft = Math.min(left, Math.max(box.scrollLeft, right - box.clientWidth));
  }, [chosen, of.map(({ count }) => count).join(" ")]);
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = of.findIndex((tab) => tab.id === chosen);
    const next = of[(at + step + of.length) % of.length];
    if (!next) return;
    location.replace(address(next.id));
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} onKeyDown={move}>
      {of.map((tab) => (
        <a
          key={tab.id}
          id={`tab-${tab.id}`}
          role="tab"
          href={address(tab.id)}
          aria-selected={tab.id === chosen}
          aria-controls="view"
          tabIndex={tab.id === chosen ? 0 : -1}
        >
          {tab.label}
          {tab.count ? (
            <span class="count" data-bad={tab.isBad ? "" : undefined}>
              {tab.count}
            </span>
          ) : null}
        </a>
      ))}
    </div>
  );
}
