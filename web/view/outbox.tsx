/* The place of a reaction in the outbox of its query: kept since, delivered to, waiting, head. */

import { of } from "../data/client.ts";
import { keptSince, parts, secondsLeft, type Outbox } from "../data/place.ts";
import { node } from "../data/store.ts";
import type { Node, Status } from "../data/types.ts";
import { to } from "../app/routes.ts";
import { Text } from "../part/text.tsx";
import { count, duration, rate, things } from "../text.ts";
import { useRead } from "./use-read.ts";

const EVERY = 10_000;
/** From how full it is on somebody should look. */
const LATE = 0.5;

export function Place({ reaction, query }: { reaction: Status; query: string }) {
  const live = node(query);
  const { answer } = useRead<Status>(of("queries", query), EVERY);
  if (!live || !answer) return null;
  const outbox = seen(reaction, live, answer);
  const own = node(reaction.id);
  const { done, waiting } = parts(outbox);
  const isLate = (live.log_share ?? 0) >= LATE && outbox.waits > 0;
  return (
    <section class="card pad live outbox" aria-label={`Place in the outbox of ${query}`}>
      <p class="marks note">
        <span>
          kept since <b class="mono">{`${live.epoch}-${keptSince(outbox)}`}</b>
        </span>
        <span>
          delivered to <b class="mono">{`${reaction.epoch}-${own?.sequence ?? reaction.sequence}`}</b>
        </span>
        <span class={isLate ? "bad" : outbox.waits > 0 ? "warn" : ""}>
          <b>{count(outbox.waits)}</b> {outbox.waits === 1 ? "waits" : "wait"}
        </span>
        <span>
          head of{" "}
          <a href={to("query", query)}>
            <Text of={query} />
          </a>{" "}
          <b class="mono">{`${live.epoch}-${live.sequence}`}</b>
        </span>
      </p>
      <div
        class="track"
        role="img"
        aria-label={`Of ${things(outbox.kept, "result")} that are kept, ${things(outbox.waits, "result")} wait`}
      >
        <span class="done" ref={(part) => part?.style.setProperty("width", `${done}%`)} />
        <span
          class="waiting"
          data-some={outbox.waits > 0 ? "" : undefined}
          data-late={isLate ? "" : undefined}
          ref={(part) => part?.style.setProperty("width", `${waiting}%`)}
        />
      </div>
      <p class="muted note">{sentence(outbox)}</p>
    </section>
  );
}

function seen(reaction: Status, live: Node, query: Status): Outbox {
  const own = node(reaction.id);
  const waits = own?.lag ?? reaction.lag;
  const others = (query.read_by?.ids ?? []).map(node).filter((reader) => reader?.kind === "reaction");
  const waitsMost = Math.max(waits, ...others.map((reader) => reader?.lag ?? 0));
  const [comes, goes] = [live.per_second, own?.per_second ?? 0];
  return { head: live.sequence, kept: query.log_entries, share: live.log_share, waits, waitsMost, comes, goes };
}

/** When it will be too late. */
function sentence(outbox: Outbox): string {
  const used = outbox.share === null ? "" : `What is not read fills ${percent(outbox.share)} of the outbox. `;
  if (outbox.waits === 0) return `${used}Nothing waits for this reaction.`;
  const left = secondsLeft(outbox);
  if (left === null) return `${used}It does not fill, as far as the last minute tells.`;
  const fills = rate(outbox.comes - outbox.goes);
  const then = "then the query waits, or the reaction has a gap if it makes no progress";
  return `${used}At ${fills.value} ${fills.unit} it is full in about ${duration(left)}; ${then}.`;
}

function percent(share: number): string {
  const value = share * 100;
  return value > 0 && value < 1 ? "less than 1 %" : `${Math.round(value)} %`;
}
