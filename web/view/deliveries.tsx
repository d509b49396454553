/* What a reaction has tried to deliver: a line for each attempt, the newest first. */

import { of } from "../data/client.ts";
import { now } from "../data/paint.ts";
import { sendNow, type Attempt, type Deliveries, type Outcome } from "../data/reaction.ts";
import type { Node, Status } from "../data/types.ts";
import { choose, place } from "../app/routes.ts";
import { Button, obstacle, Segments } from "../part/button.tsx";
import { Code, Problem, Skeleton } from "../part/problem.tsx";
import { Message, Text, Time } from "../part/text.tsx";
import { say, sayWhy } from "../part/toast.tsx";
import { count, duration, latency, things } from "../text.ts";
import { copy } from "./copy.ts";
import { useRead } from "./use-read.ts";
import { useWoken } from "./use-woken.ts";

/** How often they are read while the stream is silent: it says nothing of an attempt that fails as the one before. */
const EVERY = 3_000;
const LIMIT = 200;

const SHOWN = [
  { value: "", label: "All" },
  { value: "1", label: "Failed" },
];

const OUTCOMES: { [outcome in Outcome]: string } = {
  taken: "taken",
  failed: "failed",
  set_aside: "dead letter",
  stopped: "stopped",
};

export function DeliveriesView({ status, live }: { status: Status; live: Node | undefined }) {
  const failed = place.value.search.get("failed") ?? "";
  const path = of("reactions", status.id, `/deliveries?limit=${LIMIT}${failed ? "&failed=true" : ""}`);
  const { answer, refusal, again } = useRead<Deliveries>(path, EVERY);
  useWoken(`${live?.epoch}-${live?.sequence} ${live?.state} ${live?.dead_letters}`, again);
  return (
    <section class="card live">
      <header>
        <h2>Attempts</h2>
        <span class="muted note">{answer ? counted(answer) : ""}</span>
        <span class="grow" />
        <Segments label="Which attempts" of={SHOWN} chosen={failed} choose={(value) => choose({ failed: value })} />
      </header>
      {answer?.waits_until ? <Waits id={status.id} until={answer.waits_until} again={again} /> : null}
      {refusal ? <Problem of={refusal} retry={again} /> : null}
      {!answer && !refusal ? <Skeleton height={240} /> : null}
      {answer?.attempts.length === 0 ? <p class="pad muted">{nothing(answer, failed !== "")}</p> : null}
      {answer && answer.attempts.length > 0 ? <Lines of={answer.attempts} /> : null}
    </section>
  );
}

function counted({ made, failed }: Deliveries): string {
  return `${count(made)} since the server was started, ${count(failed)} not taken`;
}

function nothing({ made }: Deliveries, isFailed: boolean): string {
  if (made === 0) return "Nothing was tried since the server was started: no result has come for it.";
  return isFailed ? "Of the attempts that are kept, the target has taken all." : "None are kept.";
}

/** That it waits before it tries again, and the way to end that. */
function Waits({ id, until, again }: { id: string; until: string; again: () => Promise<void> }) {
  const left = (new Date(until).getTime() - now.value) / 1000;
  const send = async () => {
    await sendNow(id).then(() => say(`${id} tries at once.`), sayWhy);
    await again();
  };
  return (
    <div class="waits">
      <span>
        {left >= 1 ? `Tries again in ${duration(left)}, at ` : "Tries again now, at "}
        <Time of={until} />. Nothing overtakes the message that waits.
      </span>
      <Button class="small" act={send} unless={obstacle("operate")}>
        Send now
      </Button>
    </div>
  );
}

function Lines({ of }: { of: Attempt[] }) {
  return (
    <div class="scroll">
      <table class="attempts">
        <caption class="hidden">Attempts, the newest first</caption>
        <thead>
          <tr>
            <th>Time</th>
            <th>Result</th>
            <th>What</th>
            <th>Answer</th>
            <th class="right">Took</th>
            <th class="right">Attempt</th>
            <th>Id</th>
          </tr>
        </thead>
        <tbody>
          {of.map((attempt) => (
            <Line key={attempt.number} of={attempt} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Line({ of }: { of: Attempt }) {
  const took = latency(of.took_seconds);
  return (
    <tr data-outcome={of.outcome}>
      <td class="when">
        <Time of={of.timestamp} />
      </td>
      <td class="mono at">{of.sequence === null ? "" : `${of.epoch}-${of.sequence}`}</td>
      <td class="what">{what(of)}</td>
      <td class="answer">
        <b>{OUTCOMES[of.outcome]}</b> <Message of={of.answer} /> <Code of={of.code} />
        {of.next_try ? (
          <span class="muted">
            {" "}
            again at <Time of={of.next_try} />
          </span>
        ) : null}
      </td>
      <td class="num right took">
        {took.value} {took.unit}
      </td>
      <td class="num right tries" data-many={of.attempt > 1 ? "" : undefined}>
        {of.attempt}
      </td>
      <td class="id">{of.key ? <Id of={of.key} /> : ""}</td>
    </tr>
  );
}

/** The identity of the store that a key begins with. */
const STORE = /^[0-9a-f]{32}:/;

/** The id of a message, without what all of them begin with; a click copies all of it. */
function Id({ of }: { of: string }) {
  const isLong = STORE.test(of);
  return (
    <button type="button" class="link mono" onClick={() => copy(of)}>
      {isLong ? `${of.slice(0, 4)}…` : ""}
      <Text of={isLong ? of.slice(32) : of} />
    </button>
  );
}

const CHANGES = { ADD: "added", UPDATE: "updated", DELETE: "deleted" };

function what(of: Attempt): string {
  switch (of.what) {
    case "message":
      return of.change ? CHANGES[of.change] : things(of.diffs ?? 0, "diff");
    case "results":
      return `${things(of.results ?? 0, "result")}, ${things(of.diffs ?? 0, "diff")}`;
    case "rows":
      return "all rows";
    case "dead_letter":
      return "dead letter";
    case "start":
      return "to start";
  }
}
