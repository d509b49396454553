/* What is true now: the rows of a query, with search, sort, hold, and a panel for one of them. */

import { useEffect, useRef } from "preact/hooks";
import type { Following } from "../data/following.ts";
import type { Fold, Kept } from "../data/fold.ts";
import { Order, type Sort } from "../data/order.ts";
import { changed, painted } from "../data/paint.ts";
import type { Status } from "../data/types.ts";
import { choose, place } from "../app/routes.ts";
import { Button, Segments } from "../part/button.tsx";
import { download } from "../part/download.ts";
import { Grid } from "../part/grid.tsx";
import { Text } from "../part/text.tsx";
import { sayWhy } from "../part/toast.tsx";
import { count, things } from "../text.ts";
import { RowPanel } from "./row.tsx";

/** How long a changed value is tinted, and a little more. */
const TINT = 1_700;

const FLOWS = [
  { value: "live", label: "Live" },
  { value: "hold", label: "Hold" },
];

/** Reads `delay` or `-delay`. An ordered query keeps its own order until somebody chooses another. */
export function sortOf(text: string | null, fold: Fold): Sort | null {
  const descending = text?.startsWith("-") ?? false;
  const column = descending ? text?.slice(1) : text;
  if (column && fold.columns.includes(column)) return { column, descending };
  const first = fold.columns[0];
  return fold.isOrdered || first === undefined ? null : { column: first, descending: false };
}

export function Rows({ following, fold, status }: { following: Following; fold: Fold; status: Status }) {
  painted.value;
  const { search } = place.value;
  const wanted = search.get("q") ?? "";
  const sort = sortOf(search.get("sort"), fold);
  const order = useOrder(following, fold, sort, wanted);
  const chosen = search.get("row");
  const row = chosen === null ? undefined : (fold.rows.get(chosen) ?? order.shown.find((kept) => kept.signature === chosen));
  const pick = (kept: Kept) => choose({ row: kept.signature });
  const again = () => {
    // Only the server knows the order of an ordered query.
    if (sort === null && order.moved > 0) return following.read();
    order.settle(fold.rows.values(), sort, wanted);
    changed();
  };
  if (fold.rows.size === 0 && order.shown.length === 0 && wanted === "") return <NoRows status={status} />;
  return (
    <div class="split" data-panel={chosen === null ? undefined : ""}>
      <section class="card live" aria-label="Live rows">
        <Tools following={following} fold={fold} sort={sort} wanted={wanted} />
        <Grid
          label={`Rows of ${following.id}`}
          columns={fold.columns}
          rows={order.shown}
          sort={sort}
          onSort={(next) => choose({ sort: next && `${next.descending ? "-" : ""}${next.column}` })}
          chosen={chosen}
          onPick={pick}
          onClose={() => choose({ row: null })}
        />
        <Foot following={following} fold={fold} order={order} sort={sort} again={again} status={status} />
      </section>
      {chosen === null ? null : <RowPanel signature={chosen} row={row} following={following} />}
    </div>
  );
}

/** Returns whether somebody has the table in hand: a pointer over it, the focus in it, or scrolled into it. */
function isRead(): boolean {
  const table = document.querySelector(".table");
  return table !== null && (table.scrollTop > 0 || table.matches(":hover, :focus, :focus-within"));
}

/** Keeps the order of the rows: sorted when somebody asks for it, not when they change. */
function useOrder(following: Following, fold: Fold, sort: Sort | null, wanted: string): Order {
  const order = useRef(new Order());
  const key = JSON.stringify([sort, wanted]);
  const settled = useRef<{ fold: Fold | null; key: string }>({ fold: null, key: "" });
  if (settled.current.fold !== fold || settled.current.key !== key) {
    order.current.settle(fold.rows.values(), sort, wanted);
    settled.current = { fold, key };
  }
  order.current.sweep(performance.now(), isRead());
  useEffect(() => {
    let timer: number | null = null;
    following.onResult = (result, added) => {
      for (const signature of added) {
        const row = fold.rows.get(signature);
        if (row) order.current.add(row, wanted);
      }
      order.current.note(result.results.length - added.length);
      timer ??= window.setTimeout(() => {
        timer = null;
        changed();
      }, TINT);
    };
    return () => {
      following.onResult = () => {};
      if (timer !== null) clearTimeout(timer);
    };
  }, [following, fold, key]);
  return order.current;
}

interface ToolsProps {
  following: Following;
  fold: Fold;
  sort: Sort | null;
  wanted: string;
}

function Tools({ following, fold, sort, wanted }: ToolsProps) {
  const save = () => download(`/api/v1/queries/${encodeURIComponent(following.id)}/results`, `${following.id}.ndjson`).catch(sayWhy);
  const current = sort ? `${sort.descending ? "-" : ""}${sort.column}` : "";
  return (
    <div class="tools">
      <input
        class="input"
        type="search"
        aria-label="Search rows"
        placeholder="Search in all columns  /"
        value={wanted}
        onInput={(event) => choose({ q: event.currentTarget.value })}
      />
      <select class="input narrow-only" aria-label="Sort by" value={current} onChange={(event) => choose({ sort: event.currentTarget.value })}>
        {fold.isOrdered ? <option value="">as the query orders</option> : null}
        {fold.columns.flatMap((name) => [
          <option value={name} key={name}>
            {name}, least first
          </option>,
          <option value={`-${name}`} key={`-${name}`}>
            {name}, greatest first
          </option>,
        ])}
      </select>
      <Segments
        label="Updates"
        of={FLOWS}
        chosen={following.held === null ? "live" : "hold"}
        choose={(value) => following.hold(value === "hold")}
      />
      <span class="grow" />
      <Button class="small wide-only" act={save}>
        Download
      </Button>
    </div>
  );
}

interface FootProps {
  following: Following;
  fold: Fold;
  order: Order;
  sort: Sort | null;
  again: () => void | Promise<void>;
  status: Status;
}

function Foot({ following, fold, order, sort, again, status }: FootProps) {
  const { held } = following;
  return (
    <div class="foot">
      <span>
        {things(order.shown.length - order.gone, "row")} at <span class="mono">{fold.at}</span>
      </span>
      <span>{sort ? ["sorted by ", <b><Text of={sort.column} /></b>] : "in the query's order"}</span>
      {fold.isPart ? (
        <span class="warn">
          the first {count(fold.rows.size)} of {count(status.rows)}: search and sort reach only these
        </span>
      ) : null}
      {held !== null ? <span>{things(held.length, "result")} held</span> : null}
      <button type="button" class="link again" data-none={order.moved === 0 ? "" : undefined} onClick={() => void again()}>
        {order.moved === 0 ? "in order" : `${count(order.moved)} changed since: sort again`}
      </button>
    </div>
  );
}

function NoRows({ status }: { status: Status }) {
  const words: { [state: string]: string } = {
    caught_up: "It is caught up: nothing that is stored passes its pattern and conditions.",
    error: "It is in error; what it had found until then was no row.",
  };
  return (
    <section class="card empty">
      <h2>No row now</h2>
      <p class="muted">{words[status.state] ?? "It has not come to the end of what is stored yet."}</p>
      <p>
        Look at <a href={`#/queries/${encodeURIComponent(status.id)}/plan`}>its text and plan</a>
        {status.reads && status.reads.length > 0 ? ", and at what its sources hold: " : "."}
        {(status.reads ?? []).map((id, index) => (
          <>
            {index > 0 ? ", " : ""}
            <a href={`#/sources/${encodeURIComponent(id)}/in`}>
              <Text of={id} />
            </a>
          </>
        ))}
      </p>
    </section>
  );
}
