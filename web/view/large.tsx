/* The rows of a query that has more than a browser keeps: the server holds their order, and those in sight are followed. */

import { useEffect } from "preact/hooks";
import type { Following } from "../data/following.ts";
import type { Fold, Kept } from "../data/fold.ts";
import { painted } from "../data/paint.ts";
import type { Status } from "../data/types.ts";
import type { Asked, View } from "../data/view.ts";
import { choose, place } from "../app/routes.ts";
import { Grid } from "../part/grid.tsx";
import { Problem } from "../part/problem.tsx";
import type { Source } from "../part/source.ts";
import { Text } from "../part/text.tsx";
import { count, things } from "../text.ts";
import { Late } from "./late.tsx";
import { canExplain } from "./no-rows.tsx";
import { RowPanel } from "./row.tsx";
import { chooseSort, sortIn, Tools, useResults } from "./tools.tsx";

/** How long somebody who types has to pause before rows are searched, in milliseconds. */
const PAUSE = 300;

/** Which rows the address asks for, and in which order. */
export function asked(): Asked {
  const { search } = place.peek();
  const text = search.get("sort");
  // Which columns there are is only known with the rows; the server refuses one that there is not.
  const sort = text ? [{ column: text.replace(/^-/, ""), descending: text.startsWith("-") }] : [];
  return { sort, search: search.get("q") ?? "" };
}

interface LargeRowsProps {
  following: Following;
  fold: Fold;
  view: View;
  status: Status;
}

export function LargeRows({ following, fold, view, status }: LargeRowsProps) {
  painted.value;
  const { search } = place.value;
  const wanted = search.get("q") ?? "";
  const sort = sortIn(search.get("sort"), fold.columns);
  const chosen = search.get("row");
  const isAbsent = chosen === null && search.get("absent") === "1";
  useOrdered(following, search.get("sort") ?? "", wanted);
  useResults(following, view.made.view, fold, () => {});
  return (
    <div class="split" data-panel={chosen !== null || isAbsent ? "" : undefined}>
      <section class="card live" aria-label="Live rows" aria-busy={following.isOrdering}>
        <Tools
          following={following}
          columns={fold.columns}
          unsorted={fold.isOrdered ? "as the query orders" : "in no order"}
          sort={sort}
          wanted={wanted}
          status={status}
        />
        {view.refusal ? <Problem of={view.refusal} retry={() => view.again()} /> : null}
        <Grid
          label={`Rows of ${following.id}`}
          columns={fold.columns}
          rows={sourceOf(view)}
          sort={view.asked.sort[0] ?? null}
          onSort={chooseSort}
          chosen={chosen}
          onPick={(kept: Kept) => choose({ row: kept.signature })}
          onClose={() => choose({ row: null })}
        />
        <Foot following={following} fold={fold} view={view} />
      </section>
      {chosen === null ? null : (
        <RowPanel signature={chosen} row={view.find(chosen)} columns={fold.columns} following={following} canExplain={canExplain(status)} />
      )}
      {isAbsent ? <Late of="AbsentPanel" id={following.id} /> : null}
    </div>
  );
}

function sourceOf(view: View): Source {
  return {
    key: view,
    length: view.length,
    at: (index) => view.at(index),
    indexOf: (signature) => view.indexOf(signature),
    need: (first, last) => view.need(first, last),
  };
}

/** Has rows put in order when the address asks for another order: at once, or after a pause in typing. */
function useOrdered(following: Following, sort: string, wanted: string): void {
  useEffect(() => {
    const [before, now] = [following.ordered, asked()];
    if (JSON.stringify(before) === JSON.stringify(now)) return;
    const timer = setTimeout(() => void following.order(), before?.search === now.search ? 0 : PAUSE);
    return () => clearTimeout(timer);
  }, [following, sort, wanted]);
}

interface FootProps {
  following: Following;
  fold: Fold;
  view: View;
}

function Foot({ following, fold, view }: FootProps) {
  const { held, isOrdering } = following;
  const sort = view.asked.sort[0];
  const { epoch, sequence, total, ordered } = view.made;
  const since = Math.max(0, fold.sequence - sequence);
  return (
    <div class="foot">
      <span>
        {things(total, "row")} as of <span class="mono">{`${epoch}-${sequence}`}</span>
      </span>
      <span>
        {sort ? (
          <>
            sorted by{" "}
            <b>
              <Text of={sort.column} />
            </b>
          </>
        ) : ordered ? (
          "in the query's order"
        ) : (
          "in no order"
        )}
      </span>
      {held !== null ? <span>{things(held.length, "result")} held</span> : null}
      {isOrdering ? <span class="late">putting rows in order</span> : null}
      <button type="button" class="link again" data-none={since === 0 ? "" : undefined} onClick={() => void following.order()}>
        {since === 0 ? "no result since" : `${count(since)} ${since === 1 ? "result" : "results"} since: refresh`}
      </button>
    </div>
  );
}
