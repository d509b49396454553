/* What happened, newest first, as far back as the server remembers. */

import { useEffect, useState } from "preact/hooks";
import { asRefusal, call, isAborted, type Refusal } from "../data/client.ts";
import { painted } from "../data/paint.ts";
import { world } from "../data/store.ts";
import type { Event } from "../data/types.ts";
import { choose, place } from "../app/routes.ts";
import { Button } from "../part/button.tsx";
import { EventLine } from "../part/event.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";
import { count } from "../text.ts";

const PAGE = 100;

interface Page {
  events: Event[];
  next: number | null;
  max: number;
}

export function Events() {
  painted.value;
  const [page, setPage] = useState<Page | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const read = async (before: Page | null, signal?: AbortSignal) => {
    const older = before?.next ? `&before=${before.next}` : "";
    try {
      const next = await call<Page>(`/api/v1/events?limit=${PAGE}${older}`, signal ? { signal } : {});
      setPage({ ...next, events: [...(before?.events ?? []), ...next.events] });
      setRefusal(null);
    } catch (error) {
      if (!isAborted(error)) setRefusal(asRefusal(error));
    }
  };
  useEffect(() => {
    const closing = new AbortController();
    void read(null, closing.signal);
    return () => closing.abort();
  }, []);
  const wanted = place.value.search.get("q") ?? "";
  const newest = page?.events[0]?.number ?? -1;
  const live = world.events.filter((event) => event.number > newest);
  const shown = [...(page ? live : []), ...(page?.events ?? [])].filter((event) => matches(event, wanted));
  return (
    <>
      <div class="head">
        <h1>Events</h1>
      </div>
      <section class="card live">
        <div class="tools">
          <input
            class="input"
            type="search"
            aria-label="Search events"
            placeholder="Component, caller, code or text  /"
            value={wanted}
            onInput={(event) => choose({ q: event.currentTarget.value })}
          />
          <span class="grow" />
          {page ? <span class="muted note">the latest {count(page.max)} are kept</span> : null}
        </div>
        {refusal ? <Problem of={refusal} retry={() => read(page)} /> : null}
        {page === null && !refusal ? <Skeleton height={320} /> : null}
        <ol class="events">
          {shown.map((event) => (
            <EventLine of={event} key={event.number} />
          ))}
        </ol>
        {page && shown.length === 0 ? <p class="pad muted">Nothing matches among those read so far.</p> : null}
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

function matches(event: Event, wanted: string): boolean {
  const { component, caller, call: called, code, message, what } = event;
  const text = [component?.id, caller, called, code, message, what].filter(Boolean).join("\n");
  return text.toLowerCase().includes(wanted.toLowerCase());
}
