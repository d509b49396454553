/* What stands in the place of rows if there are none: where they end. */

import type { Status } from "../data/types.ts";
import { choose, place } from "../app/routes.ts";
import { Button } from "../part/button.tsx";
import { Text } from "../part/text.tsx";
import { Funnel } from "./funnel.tsx";

/** Returns whether rows can be explained to the caller: a token for one query shows its rows and nothing else. */
export function canExplain(status: Status): boolean {
  return status.reads !== null;
}

/** Opens the question why a row is not here. */
export function WhyNot({ status }: { status: Status }) {
  return (
    <Button
      class="small"
      act={() => choose({ row: null, absent: "1" })}
      unless={canExplain(status) ? null : "Your token shows the rows of this query and nothing else."}
    >
      Why is a row not here?
    </Button>
  );
}

const WORDS: { [state: string]: string } = {
  caught_up: "It is caught up: nothing that is stored passes its pattern and conditions.",
  error: "It is in error; what it had found until then was no row.",
};

export function NoRows({ status }: { status: Status }) {
  const isAsked = place.value.search.get("funnel") === "1";
  const reads = status.reads ?? [];
  return (
    <section class="card empty">
      <h2>No row now</h2>
      <p class="muted">{WORDS[status.state] ?? "It has not come to the end of what is stored yet."}</p>
      {canExplain(status) && (isAsked || status.state === "caught_up") ? <Funnel id={status.id} /> : null}
      <p>
        Look at <a href={`#/queries/${encodeURIComponent(status.id)}/plan`}>its text and plan</a>
        {reads.length > 0 ? ", and at what its sources hold: " : "."}
        {reads.map((id, index) => (
          <>
            {index > 0 ? ", " : ""}
            <a href={`#/sources/${encodeURIComponent(id)}/in`}>
              <Text of={id} />
            </a>
          </>
        ))}
      </p>
      <WhyNot status={status} />
    </section>
  );
}
