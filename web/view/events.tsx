/* What happened, newest first, as far back as the server remembers; which of it is in the address. */

import { useEffect, useState } from "preact/hooks";
import { asRefusal, call, isAborted, type Refusal } from "../data/client.ts";
import { isWanted, KINDS, parameters, wanted, WHATS, type Wanted } from "../data/happened.ts";
import { painted } from "../data/paint.ts";
import { world } from "../data/store.ts";
import type { Event } from "../data/types.ts";
import { choose, place } from "../app/routes.ts";
import { Button } from "../part/button.tsx";
import { EventLine } from "../part/event.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";
import { Text } from "../part/text.tsx";
import { count } from "../text.ts";

const PAGE = 100;
/** After so many events that came, those wanted are taken into what was read: only the latest 50 are kept elsewhere. */
const FOLD = 20;
/** How long nothing is typed before the server searches. */
const PAUSE = 250;

interface Page {
  events: Event[];
  next: number | null;
  max: number;
}

export function Events() {
  painted.value;
  const of = wanted(place.value.search);
  const { page, refusal, read, newest, fold } = usePages(of);
  const live = world.events.filter((event) => event.number > newest && isWanted(event, of));
  const latest = world.events[0]?.number ?? -1;
  useEffect(() => {
    if (page && latest - newest >= FOLD) fold(live, latest);
  }, [latest]);
  const shown = page ? [...live, ...page.events] : [];
  return (
    <>
      <div class="head">
        <h1>Events</h1>
      </div>
      <section class="card live">
        <Tools of={of} max={page?.max ?? null} />
        <Chips of={of} />
        {refusal ? <Problem of={refusal} retry={() => read(page)} /> : null}
        {page === null && !refusal ? <Skeleton height={320} /> : null}
        <ol class="events">
          {shown.map((event) => (
            <EventLine of={event} key={event.number} />
          ))}
        </ol>
        {page && shown.length === 0 ? (
          <p class="pad muted">{parameters(of) === "" ? "Nothing has happened yet." : "Nothing of this kind has happened."}</p>
        ) : null}
        {page?.next ? (
          <div class="pad">
            <Button class="small" act={() => read(page)}>
              Older
            </Button>
          </div>
        ) : null}
      </section>
    </>
  );
}

function Tools({ of, max }: { of: Wanted; max: number | null }) {
  return (
    <div class="tools">
      <input
        class="input"
        type="search"
        aria-label="Search events"
        placeholder="Component, caller, code or text  /"
        value={place.value.search.get("q") ?? ""}
        onInput={(event) => choose({ q: event.currentTarget.value })}
      />
      <select class="input" aria-label="What" value={of.what} onChange={(event) => choose({ what: event.currentTarget.value })}>
        <option value="">all that happened</option>
        {WHATS.map(([what, name]) => (
          <option value={what} key={what}>
            {name}
          </option>
        ))}
      </select>
      <select class="input" aria-label="Kind" value={of.kind} onChange={(event) => choose({ kind: event.currentTarget.value })}>
        <option value="">of any kind</option>
        {KINDS.map((kind) => (
          <option value={kind} key={kind}>
            of a {kind}
          </option>
        ))}
      </select>
      <span class="grow" />
      {max === null ? null : <span class="muted note">the latest {count(max)} are kept</span>}
    </div>
  );
}

/** What only a link can choose, each with a button that takes it back. */
function Chips({ of }: { of: Wanted }) {
  const chosen = (["component", "who", "code"] as const).filter((name) => of[name] !== "");
  if (chosen.length === 0) return null;
  const names = { component: "about", who: "by", code: "code" };
  return (
    <div class="chips">
      {chosen.map((name) => (
        <Button class="small" act={() => choose({ [name]: null })} label={`Also events that are not ${names[name]} ${of[name]}`} key={name}>
          {names[name]} <Text of={of[name]} /> ×
        </Button>
      ))}
    </div>
  );
}

/** Reads pages of what is wanted; an answer for something else that was wanted before is dropped. */
function usePages(of: Wanted) {
  const [page, setPage] = useState<Page | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [newest, setNewest] = useState(-1);
  const asked = parameters(of);
  const [signal, setSignal] = useState<AbortSignal | null>(null);
  const read = async (before: Page | null, until: AbortSignal | null = signal) => {
    const older = before?.next ? `&before=${before.next}` : "";
    // What comes while the page is read is on it, or came after: it is not in both.
    const known = world.events[0]?.number ?? -1;
    try {
      const next = await call<Page>(`/api/v1/events?limit=${PAGE}${asked}${older}`, until ? { signal: until } : {});
      if (until?.aborted) return;
      setPage({ ...next, events: [...(before?.events ?? []), ...next.events] });
      if (before === null) setNewest(Math.max(known, next.events[0]?.number ?? -1));
      setRefusal(null);
    } catch (error) {
      if (!isAborted(error) && !until?.aborted) setRefusal(asRefusal(error));
    }
  };
  useEffect(() => {
    const closing = new AbortController();
    setSignal(closing.signal);
    const timer = setTimeout(() => void read(null, closing.signal), page === null ? 0 : PAUSE);
    return () => {
      clearTimeout(timer);
      closing.abort();
    };
  }, [asked]);
  const fold = (live: Event[], latest: number) => {
    setPage((before) => before && { ...before, events: [...live, ...before.events] });
    setNewest(latest);
  };
  return { page, refusal, read: (before: Page | null) => read(before), newest, fold };
}
