/* How fast and how late a component is, and who reads it. */

import { painted } from "../data/paint.ts";
import { node } from "../data/store.ts";
import type { Node, Status } from "../data/types.ts";
import { Chart, Figure } from "../part/chart.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";
import { bytes, count, rate } from "../text.ts";
import { last, Latency, perSecond, plain, useHistory } from "./charts.tsx";
import { ComponentTable } from "./table.tsx";

export function Health({ status }: { status: Status }) {
  painted.value;
  const { history, refusal } = useHistory("in,out,p50,p99,lag,outbox,failures", status.id);
  const readers = (status.read_by?.ids ?? []).map(node).filter((found): found is Node => found !== undefined);
  return (
    <>
      {refusal && !history ? <Problem of={refusal} /> : null}
      {!history && !refusal ? (
        <div class="late">
          <Skeleton height={150} />
        </div>
      ) : null}
      {history ? <Measured status={status} history={history} /> : null}
      {status.kind === "query" ? (
        <section class="card">
          <header>
            <h2>Its outbox</h2>
          </header>
          <p class="pad">
            {count(status.log_entries)} results, {bytes(status.log_bytes)}
          </p>
        </section>
      ) : null}
      {readers.length > 0 ? (
        <section class="card live">
          <header>
            <h2>Who reads it</h2>
          </header>
          <ComponentTable of={readers} />
        </section>
      ) : null}
    </>
  );
}

type Measure = NonNullable<ReturnType<typeof useHistory>["history"]>;

function Measured({ status, history }: { status: Status; history: Measure }) {
  const { series } = history;
  const main = status.kind === "source" ? "in" : "out";
  const words = { source: "Changes in", query: "Results out", reaction: "Delivered" }[status.kind];
  const speed = rate(last(series[main]) ?? 0);
  const behind = Math.round(last(series["lag"]) ?? 0);
  const failures = rate(last(series["failures"]) ?? 0);
  return (
    <div class="grid charts live">
      <Figure title={words} value={speed.value} unit={speed.unit}>
        <Chart label={`${words}, now ${speed.value} ${speed.unit}`} of={[{ values: series[main], at: 1 }]} axis={perSecond} />
      </Figure>
      {status.kind === "reaction" ? (
        <Latency middle={last(series["p50"])} worst={last(series["p99"])} history={history} />
      ) : null}
      {status.kind === "source" ? null : (
        <Figure title="Behind" value={count(behind)} unit={status.kind === "query" ? "transactions" : "results"}>
          <Chart label={`Behind, now ${behind}`} of={[{ values: series["lag"], at: 2 }]} axis={plain} />
        </Figure>
      )}
      {status.kind === "query" ? (
        <Figure title="Results that wait" value={count(Math.round(last(series["outbox"]) ?? 0))} unit="to be read">
          <Chart label="Results that wait" of={[{ values: series["outbox"], at: 3 }]} axis={plain} />
        </Figure>
      ) : null}
      {status.kind === "reaction" ? (
        <Figure title="Attempts that failed" value={failures.value} unit={failures.unit}>
          <Chart label="Attempts that failed" of={[{ values: series["failures"], at: 2 }]} axis={perSecond} />
        </Figure>
      ) : null}
    </div>
  );
}
