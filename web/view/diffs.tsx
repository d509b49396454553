/* What changed: the results of a query, newest first, as far back as its outbox goes. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Following } from "../data/following.ts";
import { own } from "../data/json.ts";
import { plain } from "../data/order.ts";
import { Past, type Found } from "../data/past.ts";
import { painted } from "../data/paint.ts";
import type { Diff, Result, Status } from "../data/types.ts";
import { choose, place } from "../app/routes.ts";
import { Button, Segments } from "../part/button.tsx";
import { Problem } from "../part/problem.tsx";
import { Cell, Time } from "../part/text.tsx";
import { count, things } from "../text.ts";
import { Changes, Sign } from "./change.tsx";

/** How many results are shown before one asks for more. */
const PAGE = 200;
/** How many diffs of one result are shown. */
const DIFFS_MAX = 50;
/** How long somebody who types has to pause before the outbox is searched, in milliseconds. */
const PAUSE = 300;

const KINDS = [
  { value: "", label: "All" },
  { value: "ADD", label: "Added" },
  { value: "UPDATE", label: "Updated" },
  { value: "DELETE", label: "Deleted" },
];

export function Diffs({ following, status }: { following: Following; status: Status }) {
  painted.value;
  const { search } = place.value;
  const kind = search.get("kind") ?? "";
  const wanted = (search.get("q") ?? "").toLowerCase();
  const past = usePast(following, kind, wanted);
  const list = useRef<HTMLDivElement>(null);
  const [most, setMost] = useState(PAGE);
  const [seen, setSeen] = useState<number | null>(null);
  const { recent } = following;
  const newest = recent[0]?.sequence ?? 0;
  // While one reads further down, new results wait above.
  const onScroll = () => {
    const isAtTop = (list.current?.scrollTop ?? 0) < 8;
    if (isAtTop !== (seen === null)) setSeen(isAtTop ? null : newest);
  };
  const fresh = seen === null ? 0 : recent.filter((result) => result.sequence > seen).length;
  const known = recent.slice(fresh).map((result) => filtered(result, kind, wanted)).filter((result) => result.results.length > 0);
  // While one types, what was found for another text is none of this.
  const isOfThis = past.filter.kind === kind && past.filter.search === wanted;
  const found = isOfThis ? [...known, ...past.results] : known;
  const isEnd = past.isEnd && found.length <= most;
  const toTop = () => {
    setSeen(null);
    if (list.current) list.current.scrollTop = 0;
  };
  const more = async () => {
    if (found.length <= most) await past.more();
    setMost(most + PAGE);
  };
  return (
    <section class="card live">
      <div class="tools">
        <input
          class="input"
          type="search"
          aria-label="Search in diffs"
          placeholder="Search in diffs  /"
          value={search.get("q") ?? ""}
          onInput={(event) => choose({ q: event.currentTarget.value })}
        />
        <Segments label="Kind of diff" of={KINDS} chosen={kind} choose={(value) => choose({ kind: value })} />
        <span class="grow" />
        <span class="muted note">
          newest first, with the time of their change; the outbox goes back to{" "}
          <span class="mono">
            {following.fold?.epoch}-{past.from ?? Math.max(1, status.sequence - status.log_entries + 1)}
          </span>
        </span>
      </div>
      {past.refusal ? <Problem of={past.refusal} retry={() => past.more()} /> : null}
      <div class="diffs" ref={list} onScroll={onScroll} tabIndex={0} role="region" aria-label={`Diffs of ${following.id}`}>
        <p class="fresh" data-none={fresh === 0 ? "" : undefined}>
          <button type="button" class="link" onClick={toTop}>
            {things(fresh, "new result")}
          </button>
        </p>
        {found.slice(0, most).map((result) => (
          <One of={result} columns={following.fold?.columns ?? []} key={`${result.epoch}-${result.sequence}`} />
        ))}
        {found.length === 0 ? <p class="pad muted">{nothing(kind !== "" || wanted !== "", past.isEnd)}</p> : null}
        <div class="pad">
          <Button class="small" act={more} unless={isEnd ? "The outbox holds nothing older." : null}>
            Older
          </Button>
        </div>
      </div>
    </section>
  );
}

/** What stands in the place of diffs if there are none. */
function nothing(isFiltered: boolean, isEnd: boolean): string {
  if (!isEnd) return isFiltered ? "No diff matches so far." : "";
  return isFiltered ? "No diff matches, as far as the outbox goes back." : "No result yet.";
}

function filtered(result: Result, kind: string, wanted: string): Found {
  const isAll = kind === "" && wanted === "";
  const results = isAll ? result.results : result.results.filter((diff) => (kind === "" || diff.type === kind) && matches(diff, wanted));
  return { ...result, results, count: results.length };
}

function matches(diff: Diff, wanted: string): boolean {
  const values = [diff.data, diff.before, diff.after].flatMap((data) => Object.values(data ?? {}));
  return values.some((value) => plain(value).toLowerCase().includes(wanted));
}

function One({ of, columns }: { of: Found; columns: readonly string[] }) {
  const first = columns[0];
  const shown = of.results.slice(0, DIFFS_MAX);
  return (
    <article class="diff">
      <Time of={of.timestamp} />
      <span class="mono muted">
        {of.epoch}-{of.sequence}
      </span>
      <ul>
        {shown.map((diff) => (
          <li key={`${diff.type} ${diff.row_signature}`}>
            <Sign of={diff.type} />
            <span class="mono name">
              <Cell value={first === undefined ? undefined : own(diff.after ?? diff.data ?? {}, first)} />
            </span>
            <Changes of={diff} columns={columns} skip={first} />
          </li>
        ))}
        {of.count === null ? <li class="muted whole">a result too large to be shown here</li> : null}
        {(of.count ?? 0) > shown.length ? <li class="muted whole">and {count((of.count ?? 0) - shown.length)} more</li> : null}
      </ul>
    </article>
  );
}

/** The results before those that are known: some at once, more when asked. */
function usePast(following: Following, kind: string, search: string): Past {
  const [past, set] = useState(() => new Past(following, { kind, search }));
  const { fold } = following;
  // What was read ends where the results begin that are known, or is read again.
  const isNext = past.isNext;
  useEffect(() => {
    let last: Past | null = null;
    const begin = () => {
      last = new Past(following, { kind, search });
      set(last);
      void last.more();
    };
    const timer = setTimeout(begin, search === past.filter.search ? 0 : PAUSE);
    return () => {
      clearTimeout(timer);
      last?.close();
    };
  }, [following, fold, kind, search, isNext]);
  return past;
}
