/* The views of a source: what came in, what is parked, how fast it is. */

import { of } from "../data/client.ts";
import type { Node, Status, Upstream } from "../data/types.ts";
import { Problem, Skeleton } from "../part/problem.tsx";
import type { Tab } from "../part/tabs.tsx";
import { Text } from "../part/text.tsx";
import { bytes, count, things } from "../text.ts";
import { ParkedView } from "./aside.tsx";
import { Health } from "./health.tsx";
import { Settings } from "./settings.tsx";
import { useRead } from "./use-read.ts";

export function sourceTabs(status: Status, live: Node | undefined): Tab[] {
  const parked = live?.parked ?? status.parked;
  return [
    { id: "in", label: "What came in" },
    { id: "parked", label: "Parked", count: parked > 0 ? count(parked) : undefined, isBad: true },
    { id: "health", label: "Health" },
    { id: "settings", label: "Settings" },
  ];
}

interface Group {
  count: number;
  samples: string[];
}

interface Counts {
  nodes: number;
  relationships: number;
  labels: { [name: string]: Group };
  types: { [name: string]: Group };
  others: number;
  dangling: Group;
  changed: boolean;
}

export function SourceViews({ tab, status, reread }: { tab: string; status: Status; reread: () => Promise<void> }) {
  if (tab === "parked") return <ParkedView status={status} reread={reread} />;
  if (tab === "health") return <Health status={status} />;
  if (tab === "settings") return <Settings section="sources" id={status.id} />;
  return (
    <>
      {status.upstream ? <Progress of={status.upstream} /> : null}
      <In id={status.id} />
    </>
  );
}

/** How far it is outside, where that can be told. */
function Progress({ of }: { of: Upstream }) {
  const { total_bytes: total, behind_bytes: behind, part, copy } = of;
  const share = copy?.share ?? (total && behind !== null ? 1 - behind / total : null);
  if (share === null && !part && !copy) return null;
  return (
    <section class="card pad live progress" aria-label="Progress">
      <p>
        {part ? (
          <>
            <b>
              <Text of={part.name} />
            </b>{" "}
            <span class="muted">
              file {part.number} of {part.of}
            </span>
          </>
        ) : null}
        {copy ? <b>Copying</b> : null}
        <span class="grow" />
        <span class="num">
          {copy ? `${count(copy.rows)} rows${copy.rows_expected ? ` of about ${count(copy.rows_expected)}` : ""}` : ""}
          {!copy && total && behind !== null ? `${bytes(total - behind)} of ${bytes(total)}` : ""}
        </span>
      </p>
      {share === null ? null : <progress max={1} value={share} aria-label="Read" />}
      {of.kept_bytes !== null ? (
        <p class="muted">
          The database keeps {bytes(of.kept_bytes)} of its log for it
          {of.safe_bytes === null ? "." : `, ${bytes(of.safe_bytes)} before it may drop what is needed.`}
        </p>
      ) : null}
    </section>
  );
}

function In({ id }: { id: string }) {
  const { answer, refusal, again } = useRead<Counts>(of("sources", id, "/counts"));
  if (refusal) return <Problem of={refusal} retry={again} />;
  if (!answer) {
    return (
      <div class="late">
        <Skeleton height={260} />
      </div>
    );
  }
  const { dangling } = answer;
  return (
    <>
      <div class="grid halves">
        <Elements title="Nodes" total={answer.nodes} name="Label" of={answer.labels} />
        <Elements title="Relationships" total={answer.relationships} name="Type" of={answer.types} />
      </div>
      {dangling.count > 0 ? (
        <p class="note-line" data-severity="warning">
          <b>{things(dangling.count, "relationship")} of it end at a node that is not here</b>, such as{" "}
          <Samples of={dangling.samples} />. They match once the node comes.
        </p>
      ) : null}
      {answer.changed ? <p class="muted">The source changed while it was counted, so the numbers are not of one moment.</p> : null}
    </>
  );
}

function Elements({ title, total, name, of }: { title: string; total: number; name: string; of: { [name: string]: Group } }) {
  const groups = Object.entries(of).sort(([, a], [, b]) => b.count - a.count);
  return (
    <section class="card">
      <header>
        <h2>{title}</h2>
        <span class="muted num">{count(total)}</span>
      </header>
      {groups.length === 0 ? <p class="pad muted">None.</p> : null}
      {groups.length > 0 ? (
        <div class="scroll">
          <table class="groups-table">
            <thead>
              <tr>
                <th scope="col">{name}</th>
                <th scope="col" class="right">
                  Stored
                </th>
                <th scope="col">Such as</th>
              </tr>
            </thead>
            <tbody>
              {groups.map(([label, group]) => (
                <tr key={label}>
                  <td class="mono">
                    :<Text of={label} />
                  </td>
                  <td class="right num">{count(group.count)}</td>
                  <td>
                    <Samples of={group.samples} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </section>
  );
}

function Samples({ of }: { of: string[] }) {
  return (
    <>
      {of.map((id, index) => (
        <>
          {index > 0 ? ", " : ""}
          <span class="mono">
            <Text of={id} />
          </span>
        </>
      ))}
    </>
  );
}
