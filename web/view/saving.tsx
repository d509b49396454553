/* What saving a definition does, and how to keep it. */

import type { Foreseen } from "../data/foreseen.ts";
import { Button } from "../part/button.tsx";
import { Code } from "../part/problem.tsx";
import { Message, Text } from "../part/text.tsx";
import { things } from "../text.ts";
import { copy } from "./copy.ts";
import { Receivers } from "./losses.tsx";

/** Says what it does; `text` is offered for the file. */
export function Changing({ of, text }: { of: Foreseen; text: string | null }) {
  return (
    <>
      {of.action === "change" ? <Fields of={of} /> : <p>It starts at once.</p>}
      {of.rebuilds && of.kind === "reaction" ? (
        <p>All rows are written again, in another target. What the former one has stays.</p>
      ) : of.rebuilds ? (
        <>
          <p>
            It is built again from {things(of.reads ?? 0, "stored element")}; its {things(of.rows ?? 0, "row")} serve until then.
          </p>
          <Receivers of={of} />
        </>
      ) : null}
      {of.stops ? (
        <div class="note-line" data-severity="warning">
          <p>
            <b>{of.stops.resets ? "It then begins again by itself." : "It then stops in error."}</b> <Code of={of.stops.code} />
          </p>
          <p>
            <Message of={of.stops.message} />
          </p>
        </div>
      ) : null}
      {text === null ? null : (
        <p class="muted">
          The store keeps it over restarts. To have it in the file as well, put this there.{" "}
          <Button class="small" act={() => copy(text)}>
            Copy the YAML
          </Button>
        </p>
      )}
    </>
  );
}

function Fields({ of }: { of: Foreseen }) {
  const fields = of.fields ?? [];
  if (fields.length === 0) return <p>It says what it said before: nothing changes but that it is stopped and started.</p>;
  return (
    <p>
      It is stopped and goes on where it was, with another{" "}
      {fields.map((field, index) => (
        <>
          {index > 0 ? ", " : ""}
          <code>
            <Text of={field} />
          </code>
        </>
      ))}
      .
    </p>
  );
}
