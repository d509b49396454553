/* Rows that the server could not put in order: what happened, and on request all of them in the order of the store. */

import { useEffect, useRef, useState } from "preact/hooks";
import { asRefusal, isAborted, type Refusal } from "../data/client.ts";
import type { Following } from "../data/following.ts";
import type { Kept } from "../data/fold.ts";
import { PAGE, readPage, type Page } from "../data/plain.ts";
import type { Status } from "../data/types.ts";
import { choose, place } from "../app/routes.ts";
import { Button } from "../part/button.tsx";
import { Grid } from "../part/grid.tsx";
import { Problem } from "../part/problem.tsx";
import { Rows } from "../part/source.ts";
import { count } from "../text.ts";
import { canExplain } from "./no-rows.tsx";
import { RowPanel } from "./row.tsx";

interface PlainRowsProps {
  following: Following;
  status: Status;
  /** Why they are in no other order. */
  refusal: Refusal;
}

export function PlainRows({ following, status, refusal }: PlainRowsProps) {
  const { page, problem, read } = usePages(following.id);
  const order = () => following.read();
  return (
    <>
      <Problem of={refusal} retry={order} />
      {problem ? <Problem of={problem} retry={() => read(null)} /> : null}
      {page ? (
        <Shown page={page} following={following} status={status} read={read} />
      ) : (
        <section class="card">
          <div class="pad">
            <p>The rows are there. In the order in which the store has them they need no sorting.</p>
            <Button class="primary" act={() => read(null)}>
              Show them in the order of the store
            </Button>
          </div>
        </section>
      )}
    </>
  );
}

interface ShownProps {
  page: Page;
  following: Following;
  status: Status;
  read: (after: Page | null) => Promise<void>;
}

function Shown({ page, following, status, read }: ShownProps) {
  const chosen = place.value.search.get("row");
  const rows = useRef<{ of: Page; source: Rows } | null>(null);
  if (rows.current?.of !== page) rows.current = { of: page, source: new Rows(page.rows) };
  const { before, next } = page;
  return (
    <div class="split" data-panel={chosen === null ? undefined : ""}>
      <section class="card live" aria-label="Rows in the order of the store">
        <Grid
          key={before}
          label={`Rows of ${following.id}`}
          columns={page.columns}
          rows={rows.current.source}
          sort={null}
          onSort={() => {}}
          chosen={chosen}
          onPick={(kept: Kept) => choose({ row: kept.signature })}
          onClose={() => choose({ row: null })}
        />
        <div class="foot">
          <span>
            rows {count(before + 1)} to {count(before + page.rows.length)} of {count(status.rows)} as of <span class="mono">{page.at}</span>
          </span>
          <span>in the order of the store</span>
          <Button class="small" act={() => read(null)} unless={before === 0 ? "These are the first." : null}>
            From the beginning
          </Button>
          <Button class="small" act={() => read(page)} unless={next === null ? "These are the last." : null}>
            Next {count(PAGE)}
          </Button>
        </div>
      </section>
      {chosen === null ? null : (
        <RowPanel
          signature={chosen}
          row={page.rows.find(({ signature }) => signature === chosen)}
          columns={page.columns}
          following={following}
          canExplain={canExplain(status)}
        />
      )}
    </div>
  );
}

/** Reads pages when somebody asks for one; nothing before. */
function usePages(id: string) {
  const [page, setPage] = useState<Page | null>(null);
  const [problem, setProblem] = useState<Refusal | null>(null);
  const closing = useRef(new AbortController());
  useEffect(() => () => closing.current.abort(), []);
  const read = async (after: Page | null) => {
    const { signal } = closing.current;
    try {
      const found = await readPage(id, after, signal);
      if (signal.aborted) return;
      setPage(found);
      setProblem(null);
    } catch (error) {
      if (!signal.aborted && !isAborted(error)) setProblem(asRefusal(error));
    }
  };
  return { page, problem, read };
}
