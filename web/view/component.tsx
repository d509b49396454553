/* The page of a component: what it is and does, what is wrong, what can be done, and its views. */

import type { ComponentChildren } from "preact";
import { painted } from "../data/paint.ts";
import { node } from "../data/store.ts";
import type { Refusal } from "../data/client.ts";
import type { Kind, Node, Status } from "../data/types.ts";
import { to } from "../app/routes.ts";
import { Chip } from "../part/mark.tsx";
import { Code, Problem, Skeleton } from "../part/problem.tsx";
import { Tabs, type Tab } from "../part/tabs.tsx";
import { Message, Since, Text } from "../part/text.tsx";
import { count } from "../text.ts";
import { Actions } from "./actions.tsx";
import { facts } from "./facts.tsx";
import { QueryViews, queryTabs } from "./query.tsx";
import { ReactionViews, reactionTabs } from "./reaction.tsx";
import { SourceViews, sourceTabs } from "./source.tsx";
import { unknown, useStatus } from "./status.ts";

export function Component({ kind, id, tab }: { kind: Kind; id: string; tab: string | null }) {
  painted.value;
  const live = node(id);
  const { status, refusal, read } = useStatus(kind, id, live);
  if (refusal && !status && refusal.status === 403 && kind === "query") return <OnlyRows id={id} refusal={refusal} />;
  if (refusal && !status) {
    return (
      <>
        <div class="head">
          <h1>
            <Text of={id} />
          </h1>
        </div>
        <Problem of={refusal} retry={refusal.status === 404 ? undefined : read} />
      </>
    );
  }
  if (!status) return <Loading id={id} />;
  const tabs = { source: sourceTabs, query: queryTabs, reaction: reactionTabs }[kind](status, live);
  const chosen = tabs.find((one) => one.id === tab) ?? tabs[0];
  if (!chosen) return null;
  return (
    <>
      <div class="head">
        <div>
          <h1>
            <Text of={id} /> <Chip of={live?.state ?? status.state} />
          </h1>
          <ul class="facts">
            {facts(status, live).map((fact) => (
              <li>{fact}</li>
            ))}
            <Links of={status} />
          </ul>
        </div>
        <Actions status={status} node={live} reread={read} />
      </div>
      <Wrong status={status} node={live} />
      <Views kind={kind} id={id} tabs={tabs} chosen={chosen}>
        {kind === "query" ? <QueryViews tab={chosen.id} status={status} /> : null}
        {kind === "source" ? <SourceViews tab={chosen.id} status={status} reread={read} /> : null}
        {kind === "reaction" ? <ReactionViews tab={chosen.id} status={status} reread={read} /> : null}
      </Views>
    </>
  );
}

function Views(props: { kind: Kind; id: string; tabs: Tab[]; chosen: Tab; children: ComponentChildren }) {
  const { kind, id, tabs, chosen, children } = props;
  return (
    <>
      <Tabs label={`Views of ${id}`} of={tabs} chosen={chosen.id} address={(tab) => to(kind, id, tab)} />
      <div role="tabpanel" id="view" aria-labelledby={`tab-${chosen.id}`}>
        {children}
      </div>
    </>
  );
}

/** What a token that is bound to one query may see: its rows. */
function OnlyRows({ id, refusal }: { id: string; refusal: Refusal }) {
  return (
    <>
      <div class="head">
        <h1>
          <Text of={id} />
        </h1>
      </div>
      <p class="note-line">
        <Message of={refusal.message} /> <Code of={refusal.code} />
      </p>
      <QueryViews tab="rows" status={unknown(id)} />
    </>
  );
}

function Loading({ id }: { id: string }) {
  return (
    <>
      <div class="head">
        <h1>
          <Text of={id} />
        </h1>
      </div>
      <div class="late">
        <Skeleton height={40} />
        <Skeleton height={420} />
      </div>
    </>
  );
}

/** How many readers are named in the head. */
const NAMED_MAX = 4;

function Links({ of }: { of: Status }) {
  const readers = of.read_by;
  return (
    <>
      {of.reads && of.reads.length > 0 ? (
        <li>
          reads <Ids of={of.reads} all={of.reads.length} />
        </li>
      ) : null}
      {readers && readers.count > 0 ? (
        <li>
          read by <Ids of={readers.ids} all={readers.count} />
        </li>
      ) : null}
    </>
  );
}

function Ids({ of, all }: { of: string[]; all: number }) {
  const named = of.slice(0, NAMED_MAX);
  return (
    <>
      {named.map((id, index) => (
        <>
          {index > 0 ? ", " : ""}
          <a href={to(node(id)?.kind ?? "query", id)}>
            <Text of={id} />
          </a>
        </>
      ))}
      {all > named.length ? ` and ${count(all - named.length)} more` : ""}
    </>
  );
}

/** What keeps it from coming on. It stands between head and views, so that each view has it. */
function Wrong({ status, node }: { status: Status; node: Node | undefined }) {
  const trouble = node?.error ?? (status.error ? { message: status.error, code: null, since: status.error_since } : null);
  if (!status.configured) {
    return (
      <p class="note-line">
        Only the store still holds this: the configuration does not name it. It can be removed, and nothing else.
      </p>
    );
  }
  if (!trouble) return null;
  const isWaiting = (node?.state ?? status.state) === "waiting";
  return (
    <section class="card wrong" data-severity={isWaiting ? "warning" : "error"} aria-label="Problem">
      <p class="why">
        <Message of={trouble.message} /> <Code of={trouble.code} />
      </p>
      <p class="muted">
        {trouble.since ? (
          <>
            For <Since of={trouble.since} />.{" "}
          </>
        ) : null}
        {consequence(status, isWaiting)}
      </p>
    </section>
  );
}

function consequence(status: Status, isWaiting: boolean): string {
  if (isWaiting) return "It waits and tries again by itself.";
  if (status.kind === "query") {
    return `The rows are those of position ${count(status.position)} and stay so until it runs again.`;
  }
  return status.kind === "reaction" ? "Nothing has been skipped: it continues with this result." : "It keeps its place.";
}
