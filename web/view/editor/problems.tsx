/* What is wrong with a draft, as a list; what the server suggests is one button away. */

import type { Checked, Drafting } from "../../data/drafting.ts";
import type { Diagnostic } from "../../data/diagnostic.ts";
import type { Editing } from "../../part/editor/index.tsx";
import { Button } from "../../part/button.tsx";
import { Mark } from "../../part/mark.tsx";
import { Code, Problem } from "../../part/problem.tsx";
import { Message, Text } from "../../part/text.tsx";
import { things } from "../../text.ts";

/** Returns in a few words what is wrong. */
export function summary(checked: Checked | null): string {
  if (!checked) return "";
  const errors = checked.diagnostics.filter(({ severity }) => severity === "error").length + checked.problems.length;
  const warnings = checked.diagnostics.length + checked.problems.length - errors;
  return [errors > 0 ? things(errors, "error") : "", warnings > 0 ? things(warnings, "warning") : ""].filter(Boolean).join(", ");
}

interface Props {
  drafting: Drafting;
  editing: { current: Editing | null };
}

export function Problems({ drafting, editing }: Props) {
  const checked = drafting.checked.value;
  const refusal = drafting.refusal.value;
  if (refusal) return <Problem of={refusal} retry={() => drafting.check()} />;
  return (
    <div class="problems" aria-live="polite">
      {checked?.diagnostics.map((one) => <One of={one} editing={editing} key={`${one.code} ${one.span.start}`} />)}
      {checked?.problems.map(({ code, message, help }) => (
        <div class="problem-line" key={`${code} ${message}`}>
          <Mark of="error" />
          <p>
            <Message of={help === null ? message : `${message}; ${help}`} /> <Code of={code} />
          </p>
        </div>
      ))}
      {checked && checked.diagnostics.length + checked.problems.length === 0 ? (
        <p class="no-problem">
          <Mark of="caught_up" /> No problems.
        </p>
      ) : null}
    </div>
  );
}

/** A problem with its place, and with the button that mends it. */
export function One({ of, editing }: { of: Diagnostic; editing: Props["editing"] }) {
  const isError = of.severity === "error";
  return (
    <div class="problem-line">
      <Mark of={isError ? "error" : "warning"} />
      <div>
        <p>
          <Message of={of.help === null ? of.message : `${of.message}; ${of.help}`} /> <Code of={of.code} />
        </p>
        <button type="button" class="where" onClick={() => editing.current?.goTo(of)}>
          {isError ? "Error" : "Warning"} at {of.line}:{of.column}
        </button>
      </div>
      {of.edits[0] ? (
        <Button class="small" act={() => editing.current?.mend(of)}>
          <Text of={of.edits[0].title} />
        </Button>
      ) : null}
    </div>
  );
}
