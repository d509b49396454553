/* What it costs to reset or remove a component, as the server says before it is done. */

import * as actions from "../data/actions.ts";
import { asRefusal } from "../data/client.ts";
import { foreseeRemoval, foreseeReset, type Foreseen } from "../data/foreseen.ts";
import { node as found } from "../data/store.ts";
import { section, type Kind, type Readers, type Status } from "../data/types.ts";
import { to } from "../app/routes.ts";
import { ask } from "../part/dialog.tsx";
import { Text } from "../part/text.tsx";
import { say, sayWhy } from "../part/toast.tsx";
import { count, things } from "../text.ts";
import { Lost, Receivers, lost } from "./losses.tsx";

/** What a reset of each kind is called. */
export const RESETS: { [kind in Kind]: string } = {
  source: "Read again",
  query: "Rebuild",
  reaction: "Start over",
};

/** Asks before a component begins again. */
export async function askReset({ kind, id }: Status): Promise<void> {
  const foreseen = await foreseeReset(kind, id).catch(sayWhy);
  if (!foreseen) return;
  const isLossy = lost(foreseen).length > 0;
  ask({
    title: `${RESETS[kind]}: ${id}?`,
    body: { source: <SourceReset of={foreseen} />, query: <QueryReset of={foreseen} />, reaction: <ReactionReset of={foreseen} /> }[kind],
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

function SourceReset({ of }: { of: Foreseen }) {
  // What is copied again is compared with what is stored.
  if (!of.followers) {
    return (
      <p>
        All of its tables are copied again from the database, {things(of.reads ?? 0, "element")} as they are now. What differs is taken
        in; the rest stays as it is.
      </p>
    );
  }
  return (
    <>
      <p>It is read from its beginning, as a new epoch. Until then these are gone:</p>
      <Lost of={of} />
      <Receivers of={of} />
    </>
  );
}

function QueryReset({ of }: { of: Foreseen }) {
  return (
    <>
      <p>
        It is evaluated again from {things(of.reads ?? 0, "stored element")}. The {things(of.rows ?? 0, "row")} of now serve until then.
      </p>
      <Receivers of={of} />
    </>
  );
}

function ReactionReset({ of }: { of: Foreseen }) {
  if (of.rebuilds) return <p>What it keeps is written again from the rows of now.</p>;
  if (lost(of).length === 0) return <p>It starts over from what is true now. Nothing waits.</p>;
  return (
    <>
      <p>It starts over from what is true now. Never delivered are:</p>
      <Lost of={of} />
    </>
  );
}

/**
 * Asks before a component goes with all that it stored; then the list of its kind is shown, if nothing else is said. `since`
 * says why it is asked again.
 */
export async function askRemove({ kind, id }: Status, then: (() => void) | null = null, since: string | null = null): Promise<void> {
  let foreseen: Foreseen;
  try {
    foreseen = await foreseeRemoval(kind, id);
  } catch (error) {
    const { more } = asRefusal(error);
    if (more["read_by"]) askBlocked(id, more["read_by"] as Readers);
    else sayWhy(error);
    return;
  }
  ask({
    title: since === null ? `Remove ${id}?` : `Remove ${id} all the same?`,
    body: (
      <>
        {since === null ? null : <p class="note-line">{since}</p>}
        <p>This cannot be undone. Its place goes{lost(foreseen).length > 0 ? ", and with it" : "."}</p>
        <Lost of={foreseen} />
        {kind === "reaction" ? <p class="muted">Created again under this name, it begins at the head.</p> : null}
      </>
    ),
    verb: "Remove",
    keep: "Keep it",
    destroys: true,
    typed: id,
    act: async () => {
      try {
        await actions.remove(kind, id, foreseen.hash);
      } catch (error) {
        if (asRefusal(error).status !== 412) throw error;
        return askRemove({ kind, id } as Status, then, "It was changed in the meantime. What you see is as it is now.");
      }
      if (then) then();
      else location.hash = `#/${section(kind)}`;
      say(`${id} is removed.`);
    },
  });
}

function askBlocked(id: string, by: Readers): void {
  ask({
    title: `${id} cannot be removed yet`,
    body: <Blocked of={by.ids} all={by.count} />,
    verb: null,
    keep: "Close",
    destroys: false,
    typed: null,
    act: async () => {},
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
