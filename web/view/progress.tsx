/* How far a source is outside, by file or table, and what the other side holds back for it. */

import { of } from "../data/client.ts";
import type { Part, Progress as Shape } from "../data/coming.ts";
import { Problem } from "../part/problem.tsx";
import { Text, Time } from "../part/text.tsx";
import { bytes, count, duration, rate, things } from "../text.ts";
import { useRead } from "./use-read.ts";

const EVERY = 2_000;

export function Progress({ id }: { id: string }) {
  const { answer, refusal, again } = useRead<Shape>(of("sources", id, "/progress"), EVERY);
  if (refusal && !answer) return <Problem of={refusal} retry={again} />;
  if (!answer) return null;
  const { parts, done, total, held } = answer;
  const isOutside = answer.behind_bytes !== null || answer.behind_messages !== null || answer.last_commit !== null;
  if (parts.length === 0 && total === null && !held && !isOutside) return null;
  const share = total && done !== null ? Math.min(done / total, 1) : null;
  return (
    <section class="card pad live progress" aria-label="Progress">
      <p>
        <span>
          <b>{title(answer)}</b> <span class="muted">{behind(answer)}</span>
        </span>
        <span class="num">{amounts(answer)}</span>
      </p>
      {share === null ? null : <progress max={1} value={share} aria-label="Read of all" />}
      {parts.length > 1 || answer.copying ? <Parts of={answer} /> : null}
      {answer.waits_for ? (
        <p class="muted">
          It waits for <Text of={answer.waits_for} />.
        </p>
      ) : null}
      {answer.last_commit ? (
        <p class="muted">
          The last transaction that it took in was committed there at <Time of={answer.last_commit} />.
        </p>
      ) : null}
      {held ? <Held of={held} /> : null}
    </section>
  );
}

function title(of: Shape): string {
  if (of.copying) return "Copying";
  const isBehind = (of.behind_bytes ?? 0) > 0 || (of.behind_messages ?? 0) > 0;
  if (of.unit === "bytes") return isBehind ? "Reading" : "Read to the end";
  return isBehind ? "Following" : "Up to date with the other side";
}

function behind(of: Shape): string {
  const found: string[] = [];
  if (of.copying || of.unit !== "bytes") {
    if (of.behind_bytes) found.push(`${bytes(of.behind_bytes)} of its log behind`);
    if (of.behind_messages) found.push(`${things(of.behind_messages, "message")} behind`);
    if (of.lag_seconds) found.push(`${duration(of.lag_seconds)} behind`);
  }
  return found.join(", ");
}

function amounts(of: Shape): string {
  const { done, total, unit, per_second: perSecond, seconds_left: left } = of;
  const print = unit === "bytes" ? bytes : count;
  const found: string[] = [];
  if (done !== null && unit) {
    const what = unit === "rows" ? " rows" : "";
    found.push(total === null ? `${print(done)}${what}` : `${print(done)} of ${unit === "rows" ? "about " : ""}${print(total)}${what}`);
  }
  if (left !== null) {
    if (perSecond) found.push(unit === "bytes" ? `${bytes(perSecond)}/s` : `${rate(perSecond).value} rows ${rate(perSecond).unit}`);
    found.push(`about ${duration(Math.max(left, 1))} left`);
  }
  return found.join(", ");
}

function Parts({ of }: { of: Shape }) {
  return (
    <>
      <div class="parts">
        {of.parts.map((part) => (
          <One key={part.name} of={part} />
        ))}
      </div>
      {of.parts_total > of.parts.length ? (
        <p class="muted note">{`${count(of.parts.length)} of ${count(of.parts_total)}, around the one that is being read`}</p>
      ) : null}
    </>
  );
}

function One({ of: part }: { of: Part }) {
  const share = part.state === "done" ? 1 : part.total ? Math.min(part.done / part.total, 1) : null;
  const print = part.unit === "bytes" ? bytes : count;
  const name = part.unit === "bytes" ? "file" : "table";
  return (
    <>
      <span class="mono">
        <Text of={part.name} />
      </span>
      <progress max={1} value={share ?? 0} aria-label={`Read of ${name} ${part.name}`} />
      <span class="num">
        {part.state === "done" ? `${part.total === null ? "" : `${print(part.total)}, `}done` : null}
        {part.state === "waiting" ? "waits" : null}
        {part.state === "under_way" ? (share === null ? "is read" : `${Math.floor(share * 100)} %`) : null}
      </span>
    </>
  );
}

function Held({ of: held }: { of: NonNullable<Shape["held"]> }) {
  const share = held.limit_bytes ? held.bytes / held.limit_bytes : null;
  return (
    <p class={share !== null && share > 0.8 ? "flag" : "muted"}>
      The slot {held.name ? <Text of={held.name} /> : null} holds back {bytes(held.bytes)} of the log there
      {held.left_bytes === null || held.limit_bytes === null
        ? ", without a limit."
        : ` of at most ${bytes(held.limit_bytes)}: after another ${bytes(held.left_bytes)} the server may drop what the source needs.`}
    </p>
  );
}
