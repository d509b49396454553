/* What needs somebody: since when, why, what it holds up, and the button that mends it. */

import { perform } from "../data/actions.ts";
import { node } from "../data/store.ts";
import type { Need, NeedAction } from "../data/types.ts";
import { section } from "../data/types.ts";
import { to } from "../app/routes.ts";
import { Button, obstacle } from "../part/button.tsx";
import { ask } from "../part/dialog.tsx";
import { Mark } from "../part/mark.tsx";
import { Code } from "../part/problem.tsx";
import { Message, Since, Text, Time } from "../part/text.tsx";
import { say, sayWhy } from "../part/toast.tsx";
import { count, things } from "../text.ts";

/** How many are shown; the worst come first. */
const SHOWN_MAX = 20;

export function Needs({ of, total }: { of: Need[]; total: number }) {
  const shown = of.slice(0, SHOWN_MAX);
  return (
    <section class="card needs" aria-label="What needs you">
      {shown.map((need) => (
        <Item of={need} key={key(need)} />
      ))}
      {total > shown.length ? <p class="pad muted">and {count(total - shown.length)} more</p> : null}
    </section>
  );
}

function key({ what, component, reason }: Need): string {
  return component ? `${what} ${component.kind} ${component.id}` : `${what} ${reason}`;
}

const HEADS: { [what: string]: string } = {
  error: "is in error",
  gap: "has a gap",
  dead_letters: "has dead letters",
  parked: "has parked input",
  outbox: "is about to lose results",
  slot: "is near the limit of its slot",
  lag: "falls behind",
  waiting: "waits",
  disk: "The disk is nearly full",
  settings: "Some settings are not safe",
};

function Head({ of }: { of: Need }) {
  const { component, what, since } = of;
  const head = HEADS[what] ?? what;
  return (
    <h2>
      <Mark of={of.severity} />
      <span>
        {component ? (
          <>
            {component.kind[0]?.toUpperCase() + component.kind.slice(1)}{" "}
            <a href={to(component.kind, component.id, tab(what))}>
              <Text of={component.id} />
            </a>{" "}
            {head}
          </>
        ) : (
          head
        )}
        {since ? (
          <span class="muted">
            , for <Since of={since} />
          </span>
        ) : null}
      </span>
    </h2>
  );
}

/** The view of a component that shows more of a need. */
function tab(what: string): string | undefined {
  return what === "dead_letters" ? "dead" : what === "parked" ? "parked" : undefined;
}

function Item({ of }: { of: Need }) {
  const { holds_up: held } = of;
  return (
    <article class="need" data-severity={of.severity}>
      <Head of={of} />
      <p class="why">
        <Message of={of.reason} /> <Code of={of.code} />
      </p>
      {of.fix || of.loses || of.until || held.count > 0 ? (
        <p class="then">
          {held.count > 0 ? (
            <>
              It holds up <Held of={of} />.{" "}
            </>
          ) : null}
          {of.loses ? (
            <>
              If nobody acts: <Message of={ended(of.loses)} />{" "}
            </>
          ) : null}
          {of.until ? (
            <>
              Too late after <Time of={of.until} />.{" "}
            </>
          ) : null}
          {of.fix ? <Message of={ended(of.fix)} /> : null}
        </p>
      ) : null}
      <div class="do">
        {of.actions.map((action, index) => (
          <Act of={action} need={of} isFirst={index === 0} key={action.path} />
        ))}
      </div>
    </article>
  );
}

/** Returns a text with its full stop. */
function ended(text: string): string {
  return /[.!?`]$/.test(text) ? text : `${text}.`;
}

function Held({ of }: { of: Need }) {
  const { ids, count: all } = of.holds_up;
  const named = ids.slice(0, 3);
  return (
    <>
      {named.map((id, index) => (
        <>
          {index > 0 ? ", " : ""}
          <b>
            <Text of={id} />
          </b>
        </>
      ))}
      {all > named.length ? ` and ${count(all - named.length)} more` : ""}
    </>
  );
}

function Act({ of, need, isFirst }: { of: NeedAction; need: Need; isFirst: boolean }) {
  const act = async () => {
    if (of.destroys) return sure(of, need);
    await perform(of.method, of.path).then(() => say(`${of.label}: requested.`), sayWhy);
  };
  return (
    <Button class={isFirst ? "primary" : ""} act={act} unless={obstacle(of.scope)}>
      {of.label}
      {of.destroys ? "..." : ""}
    </Button>
  );
}

function sure(of: NeedAction, need: Need): void {
  const id = need.component?.id ?? null;
  const waits = need.component?.kind === "reaction" ? (node(need.component.id)?.lag ?? 0) : 0;
  ask({
    title: id ? `${of.label}: ${id}?` : `${of.label}?`,
    body: (
      <>
        <p class="why">
          <Message of={need.reason} />
        </p>
        <p>This cannot be undone.{waits > 0 ? ` ${things(waits, "result")} that wait are not delivered.` : ""}</p>
        <p class="muted">
          The same from a shell: <code>{of.command}</code>
        </p>
      </>
    ),
    verb: of.label,
    keep: "Leave it",
    destroys: true,
    typed: id,
    act: async () => {
      await perform(of.method, of.path);
      say(`${of.label}: requested.`);
      if (of.method === "DELETE" && need.component) location.hash = `#/${section(need.component.kind)}`;
    },
  });
}
