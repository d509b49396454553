/* The views of a reaction: how far it is, what it has tried, dead letters, the message, settings. */

import { painted } from "../data/paint.ts";
import { node } from "../data/store.ts";
import type { Node, Status } from "../data/types.ts";
import type { Tab } from "../part/tabs.tsx";
import { count } from "../text.ts";
import { DeliveriesView } from "./deliveries.tsx";
import { Health } from "./health.tsx";
import { Late } from "./late.tsx";
import { LettersView } from "./letters.tsx";
import { Place } from "./outbox.tsx";
import { Settings } from "./settings.tsx";

/** The kinds whose messages are made by a template. */
const MESSENGERS: readonly (string | null)[] = ["webhook", "nats"];

export function reactionTabs(status: Status, live: Node | undefined): Tab[] {
  const letters = live?.dead_letters ?? status.dead_letters;
  return [
    { id: "deliveries", label: "Deliveries" },
    { id: "dead", label: "Dead letters", count: letters > 0 ? count(letters) : undefined, isBad: true },
    ...(MESSENGERS.includes(status.type) ? [{ id: "message", label: "Message" }] : []),
    ...(status.keeps_rows ? [{ id: "target", label: "Target" }] : []),
    { id: "settings", label: "Settings" },
  ];
}

export function ReactionViews({ tab, status, reread }: { tab: string; status: Status; reread: () => Promise<void> }) {
  painted.value;
  const live = node(status.id);
  if (tab === "dead") return <LettersView status={status} live={live} reread={reread} />;
  if (tab === "message") return <Late of="MessageView" status={status} live={live} />;
  if (tab === "target") return <Late of="TargetView" id={status.id} key={status.id} />;
  if (tab === "settings") return <Settings section="reactions" id={status.id} />;
  return (
    <>
      {(status.reads ?? []).map((id) => (
        <Place key={id} reaction={status} query={id} />
      ))}
      <DeliveriesView status={status} live={live} />
      <Health status={status} />
    </>
  );
}
