/* What changed: the results of a query, newest first, as far back as its outbox goes. */

import { useEffect, useRef, useState } from "preact/hooks";
import { asRefusal, isAborted, type Refusal } from "../data/client.ts";
import type { Following } from "../data/following.ts";
import { own } from "../data/json.ts";
import { readOlder } from "../data/older.ts";
import { plain } from "../data/order.ts";
import { painted } from "../data/paint.ts";
import type { Diff, Result, Status } from "../data/types.ts";
import { choose, place } from "../app/routes.ts";
import { Button, Segments } from "../part/button.tsx";
import { Problem } from "../part/problem.tsx";
import { Cell, Time } from "../part/text.tsx";
import { count, things } from "../text.ts";
import { Changes, Sign } from "./row.tsx";

/** How many results are read at once, and how many are shown before one asks for more. */
const PAGE = 200;
/** How many diffs of one result are shown. */
const DIFFS_MAX = 50;

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
  const { older, refusal, start, isEnd } = useOlder(following, status);
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
  const found = recent.slice(fresh).map((result) => filtered(result, kind, wanted)).filter((result) => result.results.length > 0);
  const toTop = () => {
    setSeen(null);
    if (list.current) list.current.scrollTop = 0;
  };
  const more = async () => {
    if (found.length <= most) await older();
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
            {status.epoch}-{start}
          </span>
        </span>
      </div>
      {refusal ? <Problem of={refusal} retry={older} /> : null}
      <div class="diffs" ref={list} onScroll={onScroll} tabIndex={0} role="region" aria-label={`Diffs of ${following.id}`}>
        <p class="fresh" data-none={fresh === 0 ? "" : undefined}>
          <button type="button" class="link" onClick={toTop}>
            {things(fresh, "new result")}
          </button>
        </p>
        {found.slice(0, most).map((result) => (
          <One of={result} columns={following.fold?.columns ?? []} key={`${result.epoch}-${result.sequence}`} />
        ))}
        {found.length === 0 ? <p class="pad muted">{recent.length === 0 ? "No result yet." : "No diff matches."}</p> : null}
        <div class="pad">
          <Button class="small" act={more} unless={isEnd && found.length <= most ? "The outbox holds nothing older." : null}>
            Older
          </Button>
        </div>
      </div>
    </section>
  );
}

function filtered(result: Result, kind: string, wanted: string): Result {
  if (kind === "" && wanted === "") return result;
  const results = result.results.filter((diff) => (kind === "" || diff.type === kind) && matches(diff, wanted));
  return { ...result, results };
}

function matches(diff: Diff, wanted: string): boolean {
  const values = [diff.data, diff.before, diff.after].flatMap((data) => Object.values(data ?? {}));
  return values.some((value) => plain(value).toLowerCase().includes(wanted));
}

function One({ of, columns }: { of: Result; columns: readonly string[] }) {
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
        {of.results.length > shown.length ? <li class="muted">and {count(of.results.length - shown.length)} more</li> : null}
      </ul>
    </article>
  );
}

/** Reads older results when asked, and once at the beginning. */
function useOlder(following: Following, status: Status) {
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [isEnd, setEnd] = useState(false);
  const closing = useRef(new AbortController());
  const start = Math.max(1, status.sequence - status.log_entries + 1);
  const older = async () => {
    const { fold, recent } = following;
    if (!fold) return;
    const to = (recent.at(-1)?.sequence ?? fold.sequence + 1) - 1;
    const from = Math.max(start - 1, to - PAGE, 0);
    if (to <= from) return setEnd(true);
    try {
      const found = await readOlder(following.id, fold.epoch, from, to, closing.current.signal);
      if (following.fold?.epoch === fold.epoch) following.addOlder(found);
      setEnd(found.length === 0 || from <= start - 1);
      setRefusal(null);
    } catch (error) {
      if (!isAborted(error)) setRefusal(asRefusal(error));
    }
  };
  useEffect(() => {
    closing.current = new AbortController();
    if (following.recent.length < PAGE) void older();
    return () => closing.current.abort();
  }, [following, following.fold]);
  return { older, refusal, start, isEnd };
}
