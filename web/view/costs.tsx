/* What it costs to reset or remove a component, said before it is done. */

import type { ComponentChildren } from "preact";
import * as actions from "../data/actions.ts";
import { node as found } from "../data/store.ts";
import { section, type Kind, type Node, type Status } from "../data/types.ts";
import { to } from "../app/routes.ts";
import { ask } from "../part/dialog.tsx";
import { Text } from "../part/text.tsx";
import { say } from "../part/toast.tsx";
import { count, things } from "../text.ts";

/** What a reset of each kind is called. */
export const RESETS: { [kind in Kind]: string } = {
  source: "Read again",
  query: "Rebuild",
  reaction: "Start over",
};

/** Asks before a component begins again. */
export function askReset(status: Status, node: Node | undefined): void {
  const { kind, id } = status;
  const lag = node?.lag ?? status.lag;
  const isLossy = kind === "source" || (kind === "reaction" && status.guarantee !== "whole" && lag > 0);
  ask({
    title: `${RESETS[kind]}: ${id}?`,
    body: { source: <SourceReset of={status} />, query: <QueryReset of={status} />, reaction: <ReactionReset of={status} lag={lag} /> }[
      kind
    ],
    verb: RESETS[kind],
    keep: "Leave it as it is",
    destroys: isLossy,
    typed: isLossy ? id : null,
    act: async () => {
      await actions.reset(kind, id);
      say(`${id} begins again.`);
    },
  });
}

function SourceReset({ of }: { of: Status }) {
  const readers = of.read_by?.count ?? 0;
  if (of.type === "postgres") {
    return <p>All of its tables are copied again from the database. What differs is taken in; the rest stays as it is.</p>;
  }
  return (
    <>
      <p>It is read from its beginning, as a new epoch.</p>
      <ul>
        <li class="bad">its {things(of.rows, "element")} go, and come again as it is read</li>
        {of.parked > 0 ? <li class="bad">{things(of.parked, "parked piece")} of input go with them</li> : null}
        <li>
          {things(readers, "component")} that {readers === 1 ? "reads" : "read"} it {readers === 1 ? "does" : "do"} what{" "}
          {readers === 1 ? "its" : "their"} recovery policy says
        </li>
      </ul>
    </>
  );
}

function QueryReset({ of }: { of: Status }) {
  const readers = of.read_by?.count ?? 0;
  return (
    <>
      <p>
        It is evaluated again from the elements that are stored. The {things(of.rows, "row")} of now serve until then.
      </p>
      <p class="muted">
        {readers === 0 ? "Nothing reads it." : `${things(readers, "component")} that read it receive what differs.`}
      </p>
    </>
  );
}

function ReactionReset({ of, lag }: { of: Status; lag: number }) {
  if (of.guarantee === "whole") return <p>Its target is written again from the rows of now.</p>;
  return (
    <>
      <p>It starts over from what is true now.</p>
      <ul>
        {lag > 0 ? <li class="bad">{things(lag, "result")} that wait are not delivered one by one any more</li> : <li>nothing waits</li>}
        {of.dead_letters > 0 ? <li>{things(of.dead_letters, "dead letter")} stay</li> : null}
      </ul>
    </>
  );
}

/** Asks before a component goes with all that it stored; then the list of its kind is shown, if nothing else is said. */
export function askRemove(status: Status, node: Node | undefined, then?: () => void): void {
  const { kind, id } = status;
  const by = status.read_by;
  if (by && by.count > 0) {
    ask({
      title: `${id} cannot be removed yet`,
      body: <Blocked of={by.ids} all={by.count} />,
      verb: null,
      keep: "Close",
      destroys: false,
      typed: null,
      act: async () => {},
    });
    return;
  }
  ask({
    title: `Remove ${id}?`,
    body: <Lost of={status} lag={node?.lag ?? status.lag} />,
    verb: "Remove",
    keep: "Keep it",
    destroys: true,
    typed: id,
    act: async () => {
      await actions.remove(kind, id);
      if (then) then();
      else location.hash = `#/${section(kind)}`;
      say(`${id} is removed.`);
    },
  });
}

function Blocked({ of, all }: { of: string[]; all: number }) {
  return (
    <p>
      {all === 1 ? "This reads it" : "These read it"}:{" "}
      {of.map((id, index) => (
        <>
          {index > 0 ? ", " : ""}
          <a href={to(found(id)?.kind ?? "query", id)}>
            <Text of={id} />
          </a>
        </>
      ))}
      {all > of.length ? ` and ${count(all - of.length)} more` : ""}. Remove {all === 1 ? "it" : "them"} first, or have{" "}
      {all === 1 ? "it" : "them"} read something else.
    </p>
  );
}

function Lost({ of, lag }: { of: Status; lag: number }) {
  const lost: ComponentChildren[] = [];
  if (of.kind === "source") lost.push(things(of.rows, "element"));
  if (of.kind === "query") lost.push(things(of.rows, "row"), things(of.log_entries, "result"));
  if (of.kind === "reaction" && lag > 0) lost.push(`${things(lag, "result")} that wait`);
  if (of.parked > 0) lost.push(things(of.parked, "parked piece"));
  if (of.dead_letters > 0) lost.push(things(of.dead_letters, "dead letter"));
  return (
    <>
      <p>This cannot be undone. Its place goes{lost.length > 0 ? ", and with it" : "."}</p>
      <ul>
        {lost.map((what) => (
          <li class="bad">{what}</li>
        ))}
      </ul>
      {of.kind === "reaction" ? <p class="muted">Created again under this name, it begins at the head.</p> : null}
    </>
  );
}
