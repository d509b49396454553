/* What is wrong with a text, as a list that leads to its places. */

import type { Refusal } from "../../data/client.ts";
import type { Checked } from "../../data/items.ts";
import { Code, Problem } from "../../part/problem.tsx";
import { Message } from "../../part/text.tsx";
import type { Place } from "../../part/writing.tsx";
import { things } from "../../text.ts";

interface FaultsProps {
  of: Checked | null;
  refusal: Refusal | null;
  select: (place: Place) => void;
}

export function Faults({ of, refusal, select }: FaultsProps) {
  if (refusal) return <Problem of={refusal} />;
  const faults = of?.diagnostics ?? [];
  const said = of === null ? "Checking." : faults.length === 0 ? "Nothing is wrong with it." : `${things(faults.length, "problem")}.`;
  return (
    <div id="problems" class="faults">
      <p role="status" class="muted">
        {said}
      </p>
      <ul>
        {faults.map((fault) => (
          <li key={`${fault.code} ${fault.span.start} ${fault.message}`}>
            <button type="button" class="place mono" onClick={() => select({ ...fault.span })}>
              {fault.line}:{fault.column}
            </button>
            <p>
              <Message of={fault.message} /> <Code of={fault.code} />
              {fault.help ? (
                <span class="muted">
                  {" "}
                  <Message of={fault.help} />
                </span>
              ) : null}
            </p>
          </li>
        ))}
      </ul>
    </div>
  );
}
