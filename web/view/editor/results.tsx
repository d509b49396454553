/* Beside the text: how the draft would be maintained, what its rows are, and how a file has it. */

import { useRef, useState } from "preact/hooks";
import type { Drafting } from "../../data/drafting.ts";
import { yaml } from "../../data/draft.ts";
import { Button } from "../../part/button.tsx";
import { PlanPicture } from "../../part/plan-picture.tsx";
import { Text } from "../../part/text.tsx";
import { copy } from "../copy.ts";
import { Try } from "./trying.tsx";

const TABS = [
  ["plan", "Plan"],
  ["try", "Try"],
  ["yaml", "As YAML"],
] as const;

type Tab = (typeof TABS)[number][0];

export function Results({ drafting }: { drafting: Drafting }) {
  const [tab, setTab] = useState<Tab>("plan");
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = (TABS.findIndex(([id]) => id === tab) + step + TABS.length) % TABS.length;
    setTab(TABS[at]?.[0] ?? "plan");
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[at]?.focus();
  };
  return (
    <section class="card results" aria-label="Result">
      <div class="tabs inner" role="tablist" aria-label="Result" onKeyDown={move} ref={list}>
        {TABS.map(([id, label]) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`draft-${id}`}
            aria-selected={tab === id}
            aria-controls="draft-view"
            tabIndex={tab === id ? 0 : -1}
            onClick={() => setTab(id)}
          >
            {label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="draft-view" aria-labelledby={`draft-${tab}`}>
        {tab === "plan" ? <Plan drafting={drafting} /> : null}
        {tab === "try" ? <Try drafting={drafting} /> : null}
        {tab === "yaml" ? <Yaml drafting={drafting} /> : null}
      </div>
    </section>
  );
}

function Plan({ drafting }: { drafting: Drafting }) {
  const found = drafting.plan.value;
  if (!found) return <p class="pad muted">The plan comes with the first text without an error.</p>;
  const columns = found.columns.map(({ name, type }) => (type === null ? name : `${name} (${type})`));
  return (
    <div class="pad grid">
      {found.isOld ? (
        <p class="note-line" data-severity="warning">
          As of the last text without an error.
        </p>
      ) : null}
      <PlanPicture of={found.plan} />
      <p class="muted">
        Columns: <Text of={columns.join(", ")} />
      </p>
    </div>
  );
}

function Yaml({ drafting }: { drafting: Drafting }) {
  const text = yaml(drafting.draft.value);
  return (
    <div class="pad grid">
      <pre class="code" tabIndex={0}>
        <Text of={text} lines />
      </pre>
      <div>
        <Button class="small" act={() => copy(text)}>
          Copy YAML
        </Button>
      </div>
    </div>
  );
}
