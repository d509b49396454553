/* One element: its properties, what touched it last, who looks at it, and its relationships both ways. */

import { useEffect, useState } from "preact/hooks";
import { choose, to } from "../app/routes.ts";
import { asRefusal, isAborted, of, type Refusal } from "../data/client.ts";
import { endOf, readElements, type Element, type End, type Trace } from "../data/coming.ts";
import { own } from "../data/json.ts";
import { Button } from "../part/button.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";
import { Text, Time, Whole } from "../part/text.tsx";
import { count, things } from "../text.ts";
import { useRead } from "./use-read.ts";

/** So many relationships are shown before one asks for more. */
const SHOWN = 20;

/** Returns the address of an element. */
export function toElement(source: string, id: string): string {
  return `${to("source", source, "elements")}?${new URLSearchParams({ id })}`;
}

/** Closes the panel and gives the focus back to the list. */
function close(): void {
  const chosen = document.querySelector<HTMLElement>(".ids [aria-current]");
  choose({ id: null });
  (chosen ?? document.querySelector<HTMLElement>(".elements input"))?.focus();
}

export function ElementPanel({ source, id }: { source: string; id: string }) {
  const path = `/elements/${encodeURIComponent(id)}`;
  const { answer, refusal, again } = useRead<Element>(of("sources", source, path));
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape") close();
  };
  return (
    <aside class="card panel" aria-label="The chosen element" onKeyDown={onKey}>
      <header>
        <h2 class="mono">
          <Text of={id} />
        </h2>
        <span class="grow" />
        <Button class="quiet small" act={close}>
          Close
        </Button>
      </header>
      {refusal ? <Problem of={refusal} retry={again} /> : null}
      {!answer && !refusal ? <Skeleton height={200} /> : null}
      {answer ? (
        <div class="pad">
          <Kind of={answer} source={source} />
          <Values of={answer} />
          <Traced source={source} path={path} />
          {answer.labels ? <Relationships source={source} id={id} /> : null}
        </div>
      ) : null}
    </aside>
  );
}

function Kind({ of, source }: { of: Element; source: string }) {
  if (of.labels) {
    return (
      <p>
        <span class="muted">node</span>{" "}
        <b class="mono">
          <Text of={of.labels.map((label) => `:${label}`).join("")} />
        </b>
      </p>
    );
  }
  return (
    <p class="ends-of">
      <span class="muted">relationship</span>{" "}
      <b class="mono">
        <Text of={of.type ?? ""} />
      </b>{" "}
      <span class="muted">from</span> <Ending of={of.from} source={source} /> <span class="muted">to</span>{" "}
      <Ending of={of.to} source={source} />
    </p>
  );
}

/** A link to an end of a relationship. */
function Ending({ of, source }: { of: End | undefined; source: string }) {
  if (of === undefined) return null;
  const end = endOf(of, source);
  return (
    <a class="mono" href={toElement(end.source, end.id)}>
      <Text of={end.source === source ? end.id : `${end.source}: ${end.id}`} />
    </a>
  );
}

function Values({ of }: { of: Element }) {
  const names = Object.keys(of.properties);
  if (names.length === 0) return <p class="muted">It has no properties.</p>;
  return (
    <dl class="values">
      {names.map((name) => (
        <>
          <dt>
            <Text of={name} />
          </dt>
          <dd>
            <Whole value={own(of.properties, name)} />
          </dd>
        </>
      ))}
    </dl>
  );
}

function Traced({ source, path }: { source: string; path: string }) {
  const { answer, refusal, again } = useRead<Trace>(of("sources", source, `${path}/trace`));
  if (refusal) return <Problem of={refusal} retry={again} />;
  if (!answer) return <Skeleton height={60} />;
  const { last_change: last, queries, asked, readers } = answer;
  return (
    <>
      <h3>Last change</h3>
      <p>
        <Time of={last.timestamp} />{" "}
        {last.position === null ? (
          <span class="muted">in a transaction that is no longer remembered</span>
        ) : (
          <a href={to("source", source, "transactions")}>at position {count(last.position)}</a>
        )}
      </p>
      <h3>Looked at by</h3>
      {queries.length === 0 ? <p class="muted">{nobody(asked, readers)}</p> : null}
      {queries.length > 0 ? (
        <>
          <p>
            {queries.map((query, index) => (
              <>
                {index > 0 ? ", " : ""}
                <a href={to("query", query, "rows")}>
                  <Text of={query} />
                </a>
              </>
            ))}
          </p>
          <p class="muted note">
            Whether it is in a row of these also depends on what is around it.
            {readers > asked ? ` Only ${count(asked)} of ${count(readers)} queries were asked.` : " It is in no row of the others."}
          </p>
        </>
      ) : null}
    </>
  );
}

function nobody(asked: number, readers: number): string {
  if (readers === 0) return "No query reads this source.";
  if (readers > asked) return `None of the ${count(asked)} queries that were asked, of ${count(readers)}.`;
  return "No query looks at an element like this, so it is in no row.";
}

interface Found {
  relationships: Element[];
  /** The id after which to look further; null once all were looked at. */
  next: string | null;
  looked_at: number;
}

/** The relationships of a node. There is no index of them: the source is looked through, a part at a time. */
function Relationships({ source, id }: { source: string; id: string }) {
  const [found, setFound] = useState<Found>({ relationships: [], next: "", looked_at: 0 });
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const look = async (before: Found, signal: AbortSignal) => {
    let now = before;
    const wanted = before.relationships.length + SHOWN;
    try {
      while (now.next !== null && now.relationships.length < wanted) {
        const page = await readElements(source, { end: id }, now.next || null, SHOWN, signal);
        now = {
          relationships: [...now.relationships, ...page.elements],
          next: page.next,
          looked_at: now.looked_at + page.looked_at,
        };
        setFound(now);
      }
      setRefusal(null);
    } catch (error) {
      if (!isAborted(error)) setRefusal(asRefusal(error));
    }
  };
  useEffect(() => {
    const closing = new AbortController();
    void look(found, closing.signal);
    return () => closing.abort();
  }, []);
  const further = () => look(found, new AbortController().signal);
  const { relationships, next, looked_at } = found;
  return (
    <>
      <h3>Relationships</h3>
      {refusal ? <Problem of={refusal} retry={further} /> : null}
      <ul class="relationships">
        {relationships.map((relationship) => (
          <li key={relationship.id}>
            <Relationship of={relationship} source={source} id={id} />
          </li>
        ))}
      </ul>
      <p class="muted note" aria-live="polite">
        {next === null
          ? relationships.length === 0
            ? "It has none in this source."
            : `${things(relationships.length, "relationship")}, all there are in this source.`
          : `${things(relationships.length, "relationship")} among the ${count(looked_at)} elements that were looked at so far.`}
      </p>
      {next !== null && relationships.length >= SHOWN ? (
        <Button class="small" act={further}>
          More
        </Button>
      ) : null}
    </>
  );
}

function Relationship({ of, source, id }: { of: Element; source: string; id: string }) {
  const leads = of.from !== undefined && isOwn(of.from, id);
  const other = leads ? of.to : of.from;
  return (
    <>
      <span class="muted" role="img" aria-label={leads ? "to" : "from"}>
        {leads ? "→" : "←"}
      </span>{" "}
      <a class="mono" href={toElement(source, of.id)}>
        <Text of={of.type ?? ""} />
      </a>{" "}
      <Ending of={other} source={source} />
    </>
  );
}

function isOwn(end: End, id: string): boolean {
  return end === id;
}
