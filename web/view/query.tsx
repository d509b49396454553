/* The views of a query. Its rows are followed across all of them. */

import { useEffect, useState } from "preact/hooks";
import { Following } from "../data/following.ts";
import type { Fold } from "../data/fold.ts";
import { painted } from "../data/paint.ts";
import type { Node, Status } from "../data/types.ts";
import { Problem, Skeleton } from "../part/problem.tsx";
import type { Tab } from "../part/tabs.tsx";
import { Time } from "../part/text.tsx";
import { count } from "../text.ts";
import { Diffs } from "./diffs.tsx";
import { Health } from "./health.tsx";
import { asked, LargeRows } from "./large.tsx";
import { Late } from "./late.tsx";
import { Rows } from "./rows.tsx";

/** Putting rows in order took too long, or too much memory. */
const GIVEN_UP = "LW0861";

export function queryTabs(status: Status, live: Node | undefined): Tab[] {
  return [
    { id: "rows", label: "Rows", count: count(live?.rows ?? status.rows) },
    { id: "diffs", label: "Diffs" },
    { id: "plan", label: "Text and plan" },
    { id: "health", label: "Health" },
  ];
}

export function QueryViews({ tab, status }: { tab: string; status: Status }) {
  painted.value;
  const following = useFollowing(status);
  if (tab === "plan") return <Late of="Plan" id={status.id} />;
  if (tab === "health") return <Health status={status} />;
  if (!following?.fold) {
    const refusal = following?.refusal;
    if (following && refusal?.code === GIVEN_UP) return <Late of="PlainRows" following={following} status={status} refusal={refusal} />;
    return following?.refusal ? (
      <Problem of={following.refusal} retry={() => following.read()} />
    ) : (
      <div class="late">
        <Skeleton height={420} />
      </div>
    );
  }
  return (
    <>
      <Stale status={status} following={following} />
      <Shown tab={tab} following={following} fold={following.fold} status={status} />
    </>
  );
}

function Shown({ tab, following, fold, status }: { tab: string; following: Following; fold: Fold; status: Status }) {
  if (tab === "diffs") return <Diffs following={following} status={status} />;
  if (following.view) return <LargeRows following={following} fold={fold} view={following.view} status={status} />;
  return <Rows following={following} fold={fold} status={status} />;
}

/** Follows a query as long as it is looked at. */
function useFollowing({ id, rows }: Status): Following | null {
  const [following, set] = useState<Following | null>(null);
  useEffect(() => {
    const next = new Following(id, rows, asked);
    set(next);
    return () => next.close();
  }, [id]);
  return following;
}

/** Beyond so many transactions it is said that the rows are those of a while ago. */
const BEHIND_MAX = 100;

/** Says that the rows are not those of now: they are behind, or were read again. */
function Stale({ status, following }: { status: Status; following: Following }) {
  const problem = following.refusal ? <Problem of={following.refusal} retry={() => following.read()} /> : null;
  if (status.lag > BEHIND_MAX) {
    return (
      <>
        <p class="note-line" data-severity="warning">
          <b>{count(status.lag)} transactions behind.</b> The rows are those of position {count(status.position)}; they can be used.
        </p>
        {problem}
      </>
    );
  }
  if (following.rebuilt !== null) {
    return (
      <>
        <p class="note-line">
          Rebuilt at <Time of={following.rebuilt} />, now at <span class="mono">{following.fold?.at}</span>. These are all rows of the new
          epoch.
        </p>
        {problem}
      </>
    );
  }
  return problem;
}
