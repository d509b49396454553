/* How fast, how late: four charts of the last 15 minutes. */

import { useEffect, useState } from "preact/hooks";
import { asRefusal, call, isAborted, type Refusal } from "../data/client.ts";
import { connection } from "../data/feed.ts";
import type { History } from "../data/types.ts";
import { Chart, Figure } from "../part/chart.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";
import { count, latency, rate } from "../text.ts";

const EVERY = 10_000;

/** Returns what was measured, read again every ten seconds while it is looked at. */
export function useHistory(series: string, id: string | null): { history: History | null; refusal: Refusal | null } {
  const [history, setHistory] = useState<History | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const isLive = connection.value.state === "live";
  useEffect(() => {
    const closing = new AbortController();
    const of = id === null ? "" : `&id=${encodeURIComponent(id)}`;
    const read = async () => {
      if (document.hidden) return;
      try {
        const path = `/api/v1/history?series=${series}${of}&minutes=15`;
        setHistory(await call<History>(path, { signal: closing.signal }));
        setRefusal(null);
      } catch (error) {
        if (!isAborted(error)) setRefusal(asRefusal(error));
      }
    };
    if (isLive) void read();
    const timer = setInterval(() => void read(), EVERY);
    return () => {
      closing.abort();
      clearInterval(timer);
    };
  }, [series, id, isLive]);
  return { history, refusal };
}

/** Returns the last value that was measured. */
export function last(values: (number | null)[] | undefined): number | null {
  return values?.findLast((value) => value !== null) ?? null;
}

export function Charts() {
  const { history, refusal } = useHistory("in,out,p50,p99,outbox", null);
  if (refusal && !history) return <Problem of={refusal} />;
  if (!history) {
    return (
      <div class="grid charts late">
        {[0, 1, 2, 3].map((at) => (
          <Skeleton height={146} key={at} />
        ))}
      </div>
    );
  }
  const { series } = history;
  const [coming, going] = [rate(last(series["in"]) ?? 0), rate(last(series["out"]) ?? 0)];
  const [middle, worst] = [last(series["p50"]), last(series["p99"])];
  const wait = last(series["outbox"]) ?? 0;
  return (
    <div class="grid charts live">
      <Figure title="Changes in" value={coming.value} unit={coming.unit}>
        <Chart label={`Changes in, now ${coming.value} ${coming.unit}`} of={[{ values: series["in"], at: 1 }]} axis={perSecond} />
      </Figure>
      <Figure title="Results out" value={going.value} unit={going.unit}>
        <Chart label={`Results out, now ${going.value} ${going.unit}`} of={[{ values: series["out"], at: 1 }]} axis={perSecond} />
      </Figure>
      <Latency middle={middle} worst={worst} history={history} />
      <Figure title="Results that wait" value={count(Math.round(wait))} unit={wait > 0 ? "to be delivered" : "nothing waits"}>
        <Chart label={`Results that wait, now ${Math.round(wait)}`} of={[{ values: series["outbox"], at: 2 }]} axis={plain} />
      </Figure>
    </div>
  );
}

/** From a change to its result. */
export function Latency(props: { middle: number | null; worst: number | null; history: History }) {
  const middle = props.middle === null ? null : latency(props.middle);
  const worst = props.worst === null ? null : latency(props.worst);
  const unit = worst ? `${middle?.unit} / ${worst.value} ${worst.unit} p99` : "nothing came";
  const { series } = props.history;
  return (
    <Figure title="Change to result" value={middle?.value ?? "-"} unit={unit}>
      <Chart
        label={`Change to result, p50 ${middle?.value ?? "none"} ${unit}`}
        of={[
          { values: series["p50"], at: 1 },
          { values: series["p99"], at: 2 },
        ]}
        keys={["p50", "p99"]}
        axis={seconds}
      />
    </Figure>
  );
}

export function perSecond(value: number): string {
  const { value: text, unit } = rate(value);
  return `${text} ${unit}`;
}

export function plain(value: number): string {
  return count(Math.round(value));
}

function seconds(value: number): string {
  const { value: text, unit } = latency(value);
  return `${text} ${unit}`;
}
