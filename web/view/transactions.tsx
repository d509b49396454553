/* The latest transactions of a source, and which results they caused. */

import { useEffect, useRef, useState } from "preact/hooks";
import { to } from "../app/routes.ts";
import { asRefusal, call, isAborted, of, type Refusal } from "../data/client.ts";
import type { Taken, Transactions } from "../data/coming.ts";
import { Button, Segments } from "../part/button.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";
import { Text, Time } from "../part/text.tsx";
import { count, things } from "../text.ts";
import { toElement } from "./element.tsx";

const EVERY = 2_000;
const PAGE = 25;

export function TransactionsView({ id }: { id: string }) {
  const [page, setPage] = useState<Transactions | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [isHeld, setHeld] = useState(false);
  const closing = useRef(new AbortController());
  const read = async (before: Transactions | null) => {
    const own = closing.current;
    const older = before?.next ? `&before=${before.next}` : "";
    try {
      const path = of("sources", id, `/transactions?limit=${PAGE}${older}`);
      const next = await call<Transactions>(path, { signal: own.signal });
      setPage(before ? { ...next, transactions: [...before.transactions, ...next.transactions] } : next);
      setRefusal(null);
    } catch (error) {
      if (!isAborted(error)) setRefusal(asRefusal(error));
    }
  };
  useEffect(() => {
    closing.current = new AbortController();
    const own = closing.current;
    if (isHeld) return () => own.abort();
    void read(null);
    const timer = setInterval(() => document.hidden || void read(null), EVERY);
    return () => {
      own.abort();
      clearInterval(timer);
    };
  }, [id, isHeld]);
  const older = async () => {
    // What is read back stays where it is.
    setHeld(true);
    closing.current = new AbortController();
    await read(page);
  };
  return (
    <section class="card live" aria-label="Latest transactions">
      <header>
        <h2>Latest transactions</h2>
        <span class="grow" />
        <Segments
          label="Updates"
          of={[
            { value: "live", label: "Live" },
            { value: "held", label: "Hold" },
          ]}
          chosen={isHeld ? "held" : "live"}
          choose={(value) => setHeld(value === "held")}
        />
      </header>
      {refusal ? <Problem of={refusal} retry={() => read(null)} /> : null}
      {page === null && !refusal ? <Skeleton height={320} /> : null}
      {page ? <List source={id} of={page} /> : null}
      {page ? (
        <div class="pad more">
          {page.next !== null ? (
            <Button class="small" act={older}>
              Older
            </Button>
          ) : null}
          <span class="muted note">{bounds(page)}</span>
        </div>
      ) : null}
    </section>
  );
}

function bounds(page: Transactions): string {
  const looked = page.readers > page.queries.length ? ` ${count(page.queries.length)} of ${count(page.readers)} readers are looked at.` : "";
  if (page.next !== null) return looked.trim();
  if (page.transactions.length === 0) return looked.trim();
  return `Older ones are not remembered: the last 100 are, and what the source's log still has.${looked}`;
}

function List({ source, of: page }: { source: string; of: Transactions }) {
  if (page.transactions.length === 0) {
    return (
      <p class="pad muted">
        No transaction is remembered: none has come in since the source was started, and its log has none that a query still has to read.
      </p>
    );
  }
  return (
    <ol class="transactions">
      {page.transactions.map((taken) => (
        <li key={taken.position}>
          <span class="num">{count(taken.position)}</span>
          <Time of={taken.timestamp} />
          <Changes source={source} of={taken} />
          <Reached of={taken} page={page} />
        </li>
      ))}
    </ol>
  );
}

function Changes({ source, of }: { source: string; of: Taken }) {
  const more = of.changes - of.ids.length;
  return (
    <div class="changes">
      <span class="num">
        {of.inserted ? <b class="sign" data-type="ADD" role="img" aria-label={`${of.inserted} inserted`}>{`+${count(of.inserted)} `}</b> : null}
        {of.updated ? <b class="sign" data-type="UPDATE" role="img" aria-label={`${of.updated} updated`}>{`~${count(of.updated)} `}</b> : null}
        {of.deleted ? <b class="sign" data-type="DELETE" role="img" aria-label={`${of.deleted} deleted`}>{`−${count(of.deleted)} `}</b> : null}
        {of.inserted === null ? things(of.changes, "change") : null}
      </span>
      <span>
        {of.ids.map((id, index) => (
          <>
            {index > 0 ? ", " : ""}
            <a class="mono" href={toElement(source, id)}>
              <Text of={id} />
            </a>
          </>
        ))}
        {more > 0 ? <span class="muted">{` and ${count(more)} more`}</span> : null}
      </span>
    </div>
  );
}

/** The results that a transaction caused, or why none is shown. */
function Reached({ of, page }: { of: Taken; page: Transactions }) {
  const waits = page.queries.filter(({ to: until }) => until < of.position).length;
  const gone = page.queries.filter(({ from, to: until }) => until >= of.position && from !== null && from > of.position).length;
  return (
    <ul class="reached">
      {of.results.map((result) => (
        <li key={result.query_id}>
          <a href={to("query", result.query_id, "diffs")}>
            <Text of={result.query_id} />
          </a>{" "}
          <span class="muted num">
            {result.epoch}-{result.sequence}, {things(result.diffs, "diff")}
          </span>
        </li>
      ))}
      {waits > 0 ? <li class="muted">{things(waits, "query", "queries")} still to read it</li> : null}
      {of.results.length === 0 && waits === 0 ? <li class="muted">{gone > 0 ? "nothing that outboxes still show" : "no row"}</li> : null}
    </ul>
  );
}
