/* The facts in the head of a component, each with its unit. */

import type { ComponentChildren } from "preact";
import type { Node, Status } from "../data/types.ts";
import { Text } from "../part/text.tsx";
import { bytes, count, duration, rate, things } from "../text.ts";

const GUARANTEES = {
  exactly_once: "exactly once",
  at_least_once: "in order, at least once",
  whole: "always one whole table",
};

/** Returns the facts; live ones come from the stream. */
export function facts(status: Status, node: Node | undefined): ComponentChildren[] {
  const live = { ...status, ...(node ? { rows: node.rows, sequence: node.sequence, lag: node.lag } : {}) };
  const found: ComponentChildren[] = [];
  if (status.type) found.push(<Text of={status.type} />);
  if (status.kind !== "reaction") found.push(number(live.rows, status.kind === "source" ? "element" : "row"));
  found.push(at(status, live.sequence));
  if (status.kind !== "source") found.push(...waiting(status, live.lag));
  found.push(speed(status, node?.per_second ?? status.rates.per_second));
  if (status.kind === "reaction" && status.guarantee) found.push(GUARANTEES[status.guarantee]);
  if (status.checked !== null) found.push(status.checked ? "checked against its database" : "not checked yet");
  if (status.retries > 0) found.push(things(status.retries, "retry", "retries"));
  if (status.differs_from_file) found.push("differs from the file");
  return [...found, ...outside(status)];
}

function number(value: number, one: string): ComponentChildren {
  return (
    <>
      <b>{count(value)}</b> {value === 1 ? one : `${one}s`}
    </>
  );
}

function at(status: Status, sequence: number): ComponentChildren {
  const what = status.kind === "reaction" ? "delivered to" : "at";
  return (
    <>
      {what}{" "}
      <b class="mono">
        {status.epoch}-{sequence}
      </b>
    </>
  );
}

function waiting(status: Status, lag: number): ComponentChildren[] {
  if (lag === 0) return [];
  const what = status.kind === "reaction" ? "wait" : lag === 1 ? "transaction behind" : "transactions behind";
  return [
    <>
      <b>{count(lag)}</b> {what}
    </>,
  ];
}

function speed(status: Status, perSecond: number): ComponentChildren {
  const what = { source: "transactions", query: "results", reaction: "delivered" }[status.kind];
  const { value, unit } = rate(perSecond);
  return (
    <>
      <b>{value}</b> {what} {unit}
    </>
  );
}

/** How far a source is outside. */
function outside({ upstream }: Status): ComponentChildren[] {
  if (!upstream) return [];
  const found: ComponentChildren[] = [];
  if (upstream.behind_bytes) found.push(`${bytes(upstream.behind_bytes)} still to read`);
  if (upstream.behind_messages) found.push(`${things(upstream.behind_messages, "message")} still to read`);
  if (upstream.lag_seconds) found.push(`${duration(upstream.lag_seconds)} behind`);
  if (upstream.waits_for) found.push(<Text of={`waits for ${upstream.waits_for}`} />);
  return found;
}
