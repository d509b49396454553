/* The views of a source: what came in, its elements, what is parked, its latest transactions, how fast it is. */

import type { Node, Status } from "../data/types.ts";
import type { Tab } from "../part/tabs.tsx";
import { count } from "../text.ts";
import { ElementsView } from "./elements.tsx";
import { Health } from "./health.tsx";
import { Late } from "./late.tsx";
import { MadeOf } from "./made-of.tsx";
import { Progress } from "./progress.tsx";
import { Settings } from "./settings.tsx";

export function sourceTabs(status: Status, live: Node | undefined): Tab[] {
  const parked = live?.parked ?? status.parked;
  return [
    { id: "in", label: "What came in" },
    { id: "elements", label: "Elements" },
    { id: "parked", label: "Parked", count: parked > 0 ? count(parked) : undefined, isBad: true },
    { id: "transactions", label: "Transactions" },
    { id: "health", label: "Health" },
    { id: "settings", label: "Settings" },
  ];
}

export function SourceViews({ tab, status, reread }: { tab: string; status: Status; reread: () => Promise<void> }) {
  const { id } = status;
  if (tab === "elements") return <ElementsView id={id} />;
  if (tab === "parked") return <Late of="ParkedView" status={status} reread={reread} />;
  if (tab === "transactions") return <Late of="TransactionsView" id={id} />;
  if (tab === "health") return <Health status={status} />;
  if (tab === "settings") return <Settings section="sources" id={id} />;
  return (
    <>
      <Progress id={id} />
      <MadeOf id={id} />
    </>
  );
}
