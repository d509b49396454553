/* The views of a reaction: how far it is, dead letters, how fast it is. */

import { painted } from "../data/paint.ts";
import { node } from "../data/store.ts";
import type { Node, Status } from "../data/types.ts";
import { to } from "../app/routes.ts";
import type { Tab } from "../part/tabs.tsx";
import { Text } from "../part/text.tsx";
import { count, things } from "../text.ts";
import { LettersView } from "./aside.tsx";
import { Health } from "./health.tsx";
import { Settings } from "./settings.tsx";

export function reactionTabs(status: Status, live: Node | undefined): Tab[] {
  const letters = live?.dead_letters ?? status.dead_letters;
  return [
    { id: "deliveries", label: "Deliveries" },
    { id: "dead", label: "Dead letters", count: letters > 0 ? count(letters) : undefined, isBad: true },
    { id: "settings", label: "Settings" },
  ];
}

export function ReactionViews({ tab, status, reread }: { tab: string; status: Status; reread: () => Promise<void> }) {
  painted.value;
  if (tab === "dead") return <LettersView status={status} reread={reread} />;
  if (tab === "settings") return <Settings section="reactions" id={status.id} />;
  return (
    <>
      {(status.reads ?? []).map((id) => (
        <Place key={id} reaction={status} query={id} />
      ))}
      <Health status={status} />
    </>
  );
}

/** Where it is in the outbox of a query: delivered, waiting, head. */
function Place({ reaction, query }: { reaction: Status; query: string }) {
  const of = node(query);
  const own = node(reaction.id);
  if (!of) return null;
  const waits = own?.lag ?? reaction.lag;
  const used = of.log_share;
  return (
    <section class="card pad live outbox" aria-label="Place in the outbox">
      <p class="marks">
        <span>
          delivered{" "}
          <b class="mono">
            {reaction.epoch}-{own?.sequence ?? reaction.sequence}
          </b>
        </span>
        <span class={waits > 0 ? "warn" : ""}>
          <b>{count(waits)}</b> {waits === 1 ? "waits" : "wait"}
        </span>
        <span>
          <a href={to("query", query)}>
            <Text of={query} />
          </a>{" "}
          is at{" "}
          <b class="mono">
            {of.epoch}-{of.sequence}
          </b>
        </span>
      </p>
      {used === null ? null : (
        <>
          <progress max={1} value={used} aria-label="How full the outbox is with what is not read yet" />
          <p class="muted">
            What waits fills {Math.round(used * 100)} % of the outbox of <Text of={query} />. {things(reaction.failures, "failure")} and{" "}
            {things(reaction.retries, "retry", "retries")} since it was started.
          </p>
        </>
      )}
    </section>
  );
}
