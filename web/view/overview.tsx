/* Is everything all right, and if not what do I do? */

import { failures, readEvents, readGraph, readNeeds, world } from "../data/store.ts";
import { connection } from "../data/feed.ts";
import { painted } from "../data/paint.ts";
import { detail, verdict } from "../data/verdict.ts";
import { Problem, Skeleton } from "../part/problem.tsx";
import { EventLine } from "../part/event.tsx";
import { Charts } from "./charts.tsx";
import { Needs } from "./needs.tsx";
import { Pipeline } from "./pipeline.tsx";
import { ThisServer } from "./server.tsx";

export function Overview() {
  painted.value;
  const { known, total, needs, events } = world;
  const failed = failures.value;
  const { refusal } = connection.value;
  if (!known) return refusal?.status === 403 ? <Problem of={refusal} /> : <Loading />;
  if (total === 0) return <Empty />;
  return (
    <>
      <div class="verdict">
        <h1>{verdict()}</h1>
        <p>{detail()}</p>
      </div>
      {failed["needs"] ? <Problem of={failed["needs"]} retry={readNeeds} /> : null}
      {needs && needs.length > 0 ? <Needs of={needs} total={world.needsCount} /> : null}
      <Charts />
      {failed["graph"] ? <Problem of={failed["graph"]} retry={readGraph} /> : null}
      <Pipeline />
      <div class="grid two">
        <section class="card live">
          <header>
            <h2>What happened</h2>
            <span class="grow" />
            <a href="#/events">All events</a>
          </header>
          {failed["events"] ? <Problem of={failed["events"]} retry={readEvents} /> : null}
          <ol class="events">
            {events.slice(0, 8).map((event) => (
              <EventLine of={event} key={event.number} />
            ))}
          </ol>
          {events.length === 0 && !failed["events"] ? <p class="pad muted">Nothing yet.</p> : null}
        </section>
        <ThisServer />
      </div>
    </>
  );
}

function Loading() {
  return (
    <div class="late">
      <Skeleton height={34} />
      <Skeleton height={96} />
      <div class="grid charts">
        <Skeleton height={146} />
        <Skeleton height={146} />
        <Skeleton height={146} />
        <Skeleton height={146} />
      </div>
      <Skeleton height={280} />
    </div>
  );
}

const STEPS = [
  ["1. Add a source", "A file, PostgreSQL, NATS, or your own program by HTTP.", "sources:\n  - id: orders\n    kind: http"],
  [
    "2. Write a query",
    "In Cypher, over one source or several.",
    "queries:\n  - id: big\n    sources: [orders]\n    cypher: |\n      MATCH (o:Order)\n      WHERE o.total > 100\n      RETURN o.id AS id",
  ],
  [
    "3. Add a reaction",
    "A webhook, a table, a key in Redis, a file, a live screen.",
    "reactions:\n  - id: log\n    kind: log\n    queries: [big]",
  ],
] as const;

function Empty() {
  return (
    <>
      <div class="verdict">
        <h1>Nothing runs here yet</h1>
        <p>A source brings changes, a query keeps its rows true, a reaction acts on what changes in them.</p>
      </div>
      <div class="grid steps">
        {STEPS.map(([title, text, yaml]) => (
          <section class="card pad" key={title}>
            <h2>{title}</h2>
            <p class="muted">{text}</p>
            <pre class="code" tabIndex={0}>
              {yaml}
            </pre>
          </section>
        ))}
      </div>
      <p class="muted">
        Write these into <code>livewell.yaml</code> and run <code>livewell apply</code>. A query can be{" "}
        <a href="#/new/query">written here</a>, too, with its problems marked as you type.
      </p>
    </>
  );
}
