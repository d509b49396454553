/* What is true now: the rows of a query, with search, sort, hold, and a panel for one of them. */

import { useRef } from "preact/hooks";
import type { Following } from "../data/following.ts";
import type { Fold, Kept } from "../data/fold.ts";
import { Order, type Sort } from "../data/order.ts";
import { changed, painted } from "../data/paint.ts";
import type { Status } from "../data/types.ts";
import { choose, place } from "../app/routes.ts";
import { Grid } from "../part/grid.tsx";
import { Rows as AtHand } from "../part/source.ts";
import { Text } from "../part/text.tsx";
import { count, things } from "../text.ts";
import { Late } from "./late.tsx";
import { canExplain, NoRows } from "./no-rows.tsx";
import { RowPanel } from "./row.tsx";
import { chooseSort, sortIn, Tools, useResults } from "./tools.tsx";

/** An ordered query keeps its own order until somebody chooses another; others are sorted by their first column. */
export function sortOf(text: string | null, fold: Fold): Sort | null {
  const first = fold.columns[0];
  return sortIn(text, fold.columns) ?? (fold.isOrdered || first === undefined ? null : { column: first, descending: false });
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
  const isAbsent = chosen === null && search.get("absent") === "1";
  const isNone = fold.rows.size === 0 && order.shown.length === 0 && wanted === "";
  return (
    <div class="split" data-panel={chosen !== null || isAbsent ? "" : undefined}>
      {isNone ? (
        <NoRows status={status} />
      ) : (
        <section class="card live" aria-label="Live rows">
          <Tools
            following={following}
            columns={fold.columns}
            unsorted={fold.isOrdered ? "as the query orders" : null}
            sort={sort}
            wanted={wanted}
            status={status}
          />
          <Grid
            label={`Rows of ${following.id}`}
            columns={fold.columns}
            rows={new AtHand(order.shown)}
            sort={sort}
            onSort={chooseSort}
            chosen={chosen}
            onPick={pick}
            onClose={() => choose({ row: null })}
          />
          <Foot following={following} fold={fold} order={order} sort={sort} again={again} />
        </section>
      )}
      {chosen === null ? null : <RowPanel signature={chosen} row={row} columns={fold.columns} following={following} canExplain={canExplain(status)} />}
      {isAbsent ? <Late of="AbsentPanel" id={following.id} /> : null}
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
  useResults(following, key, fold, (result, added) => {
    for (const signature of added) {
      const row = fold.rows.get(signature);
      if (row) order.current.add(row, wanted);
    }
    order.current.note(result.results.length - added.length);
  });
  return order.current;
}

interface FootProps {
  following: Following;
  fold: Fold;
  order: Order;
  sort: Sort | null;
  again: () => void | Promise<void>;
}

function Foot({ following, fold, order, sort, again }: FootProps) {
  const { held } = following;
  return (
    <div class="foot">
      <span>
        {things(order.shown.length - order.gone, "row")} at <span class="mono">{fold.at}</span>
      </span>
      <span>{sort ? ["sorted by ", <b><Text of={sort.column} /></b>] : "in the query's order"}</span>
      {held !== null ? <span>{things(held.length, "result")} held</span> : null}
      <button type="button" class="link again" data-none={order.moved === 0 ? "" : undefined} onClick={() => void again()}>
        {order.moved === 0 ? "in order" : `${count(order.moved)} changed since: sort again`}
      </button>
    </div>
  );
}
