/* What opens beside a table about a part of it. Its place in the address opens it; Escape closes it. */

import type { ComponentChildren } from "preact";
import { choose } from "../app/routes.ts";
import { Button } from "../part/button.tsx";

export function Panel(props: { label: string; title: string; param: string; children: ComponentChildren }) {
  const close = () => {
    choose({ [props.param]: null });
    document.querySelector<HTMLElement>("[role=grid]")?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape") close();
  };
  return (
    <aside class="card panel" aria-label={props.label} onKeyDown={onKey}>
      <header>
        <h2>{props.title}</h2>
        <span class="grow" />
        <Button class="quiet small" act={close}>
          Close
        </Button>
      </header>
      <div class="pad">{props.children}</div>
    </aside>
  );
}
