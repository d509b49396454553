/* What goes, and what comes of a step for those that follow. */

import type { Foreseen, Follower } from "../data/foreseen.ts";
import { node as found } from "../data/store.ts";
import { to } from "../app/routes.ts";
import { Text } from "../part/text.tsx";
import { count, things } from "../text.ts";

/** How many followers are named. */
const NAMED_MAX = 5;

/** Returns what is deleted or never delivered, in words. */
export function lost({ loses }: Foreseen): string[] {
  if (!loses) return [];
  const all: [number, string][] = [
    [loses.elements, "element"],
    [loses.rows, "row"],
    [loses.results, "result"],
    [loses.parked, "parked piece"],
    [loses.dead_letters, "dead letter"],
  ];
  const words = all.filter(([number]) => number > 0).map(([number, what]) => things(number, what));
  if (loses.undelivered > 0) words.push(`${things(loses.undelivered, "result")} that ${loses.undelivered === 1 ? "waits" : "wait"}`);
  return words;
}

export function Lost({ of }: { of: Foreseen }) {
  return (
    <ul>
      {lost(of).map((what) => (
        <li key={what} class="bad">
          {what}
        </li>
      ))}
    </ul>
  );
}

const RECEIVES: { [receives in Follower["receives"]]: [one: string, many: string] } = {
  difference: ["receives what differs", "receive what differs"],
  next: ["continues with the next result", "continue with the next result"],
  rebuild: ["is rebuilt", "are rebuilt"],
  stop: ["stops in error until it is reset", "stop in error until they are reset"],
};

/** Says what comes of it for each that follows. */
export function Receivers({ of }: { of: Foreseen }) {
  const followers = of.followers ?? [];
  const unnamed = (of.followers_total ?? 0) - followers.length;
  if (followers.length === 0 && unnamed <= 0) return <p class="muted">Nothing reads it.</p>;
  return (
    <ul>
      {(Object.keys(RECEIVES) as Follower["receives"][]).map((receives) => (
        <Group key={receives} receives={receives} of={followers.filter((one) => one.receives === receives)} />
      ))}
      {unnamed > 0 ? <li class="muted">{things(unnamed, "more component")} read it</li> : null}
    </ul>
  );
}

function Group({ receives, of }: { receives: Follower["receives"]; of: Follower[] }) {
  if (of.length === 0) return null;
  const named = of.slice(0, NAMED_MAX);
  const [one, many] = RECEIVES[receives];
  return (
    <li class={receives === "stop" ? "bad" : undefined}>
      {named.map(({ id }, index) => (
        <>
          {index > 0 ? ", " : ""}
          <a href={to(found(id)?.kind ?? "query", id)}>
            <Text of={id} />
          </a>
        </>
      ))}
      {of.length > named.length ? ` and ${count(of.length - named.length)} more` : ""} {of.length === 1 ? one : many}
    </li>
  );
}
