/* What is wrong with an item's text, as a list that leads to its places and mends what the server knows to mend. */

import type { Refusal } from "../../data/client.ts";
import type { Checked } from "../../data/items.ts";
import type { Editing } from "../../part/editor/index.tsx";
import { Problem } from "../../part/problem.tsx";
import { things } from "../../text.ts";
import { One } from "./problems.tsx";

interface FaultsProps {
  of: Checked | null;
  /** Whether that is of the text as it is now. */
  isCurrent: boolean;
  refusal: Refusal | null;
  editing: { current: Editing | null };
}

export function Faults({ of, isCurrent, refusal, editing }: FaultsProps) {
  if (refusal) return <Problem of={refusal} />;
  const faults = of?.diagnostics ?? [];
  const said = !isCurrent ? "Checking." : faults.length === 0 ? "Nothing is wrong with it." : `${things(faults.length, "problem")}.`;
  return (
    <div id="problems" class="faults">
      <p role="status" class="muted">
        {said}
      </p>
      {faults.map((fault) => (
        <One of={fault} editing={editing} key={`${fault.code} ${fault.span.start} ${fault.message}`} />
      ))}
    </div>
  );
}
