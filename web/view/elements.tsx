/* The elements of a source, by label, type or the beginning of their ids; and the one that is chosen. */

import { useEffect, useState } from "preact/hooks";
import { choose, place } from "../app/routes.ts";
import { asRefusal, isAborted, of, type Refusal } from "../data/client.ts";
import { readElements, type Element, type Elements, type Schema, type Wanted } from "../data/coming.ts";
import { Button } from "../part/button.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";
import { Text } from "../part/text.tsx";
import { count } from "../text.ts";
import { ElementPanel } from "./element.tsx";
import { useRead } from "./use-read.ts";

const PAGE = 50;
/** After the last key the search waits for so long, in milliseconds. */
const PAUSE = 200;

export function ElementsView({ id }: { id: string }) {
  const { search } = place.value;
  const group = search.get("of") ?? "";
  const prefix = search.get("q") ?? "";
  const chosen = search.get("id");
  return (
    <div class="split elements" data-panel={chosen === null ? undefined : ""}>
      <section class="card" aria-label="Elements">
        <div class="tools">
          <input
            class="input mono"
            type="search"
            aria-label="The beginning of an id"
            placeholder="Id or its beginning  /"
            spellcheck={false}
            value={prefix}
            onInput={(event) => choose({ q: event.currentTarget.value })}
            onKeyDown={(event) => {
              if (event.key === "Enter" && prefix !== "") choose({ id: prefix });
            }}
          />
          <Groups id={id} chosen={group} />
        </div>
        <List key={id} id={id} wanted={{ prefix, ...named(group) }} chosen={chosen} />
      </section>
      {chosen === null ? null : <ElementPanel key={`${id}\n${chosen}`} source={id} id={chosen} />}
    </div>
  );
}

/** A group is written as `:Label` or `-TYPE` in the address. */
function named(group: string): Wanted {
  if (group.startsWith(":")) return { label: group.slice(1) };
  return group.startsWith("-") ? { type: group.slice(1) } : {};
}

function Groups({ id, chosen }: { id: string; chosen: string }) {
  const { answer } = useRead<Schema>(of("sources", id, "/schema"));
  const groups = [
    ...(answer?.labels ?? []).map(({ name }) => ({ value: `:${name}`, shown: `:${name}` })),
    ...(answer?.types ?? []).map(({ name }) => ({ value: `-${name}`, shown: name })),
  ];
  if (chosen !== "" && !groups.some(({ value }) => value === chosen)) groups.push({ value: chosen, shown: chosen });
  return (
    <select class="input" aria-label="Label or type" value={chosen} onChange={(event) => choose({ of: event.currentTarget.value })}>
      <option value="">all labels and types</option>
      {groups.map(({ value, shown }) => (
        <option key={value} value={value}>
          {shown}
        </option>
      ))}
    </select>
  );
}

interface Read {
  /** What was asked for. */
  key: string;
  elements: Element[];
  next: string | null;
  looked_at: number;
}

function List({ id, wanted, chosen }: { id: string; wanted: Wanted; chosen: string | null }) {
  const key = JSON.stringify(wanted);
  const [page, setPage] = useState<Read | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const read = async (before: Read | null, signal: AbortSignal) => {
    try {
      const next: Elements = await readElements(id, wanted, before?.next ?? null, PAGE, signal);
      setPage({
        key,
        elements: [...(before?.elements ?? []), ...next.elements],
        next: next.next,
        looked_at: (before?.looked_at ?? 0) + next.looked_at,
      });
      setRefusal(null);
    } catch (error) {
      if (!isAborted(error)) setRefusal(asRefusal(error));
    }
  };
  useEffect(() => {
    const closing = new AbortController();
    const timer = setTimeout(() => void read(null, closing.signal), page === null ? 0 : PAUSE);
    return () => {
      clearTimeout(timer);
      closing.abort();
    };
  }, [key]);
  const more = () => read(page, new AbortController().signal);
  if (page === null) return refusal ? <Problem of={refusal} retry={more} /> : <Skeleton height={420} />;
  const isEmpty = page.elements.length === 0;
  return (
    <>
      {refusal ? <Problem of={refusal} retry={more} /> : null}
      <ul class="ids" aria-busy={page.key === key ? undefined : true}>
        {page.elements.map((element) => (
          <li key={element.id}>
            <button type="button" aria-current={element.id === chosen ? true : undefined} onClick={() => choose({ id: element.id })}>
              <span class="mono">
                <Text of={element.id} />
              </span>
              <span class="muted">
                <Text of={element.labels?.join(", ") ?? element.type ?? ""} />
              </span>
            </button>
          </li>
        ))}
      </ul>
      {isEmpty && page.next === null ? <p class="pad muted">No element is like that.</p> : null}
      {isEmpty && page.next !== null ? <p class="pad muted">None among the {count(page.looked_at)} that were looked at so far.</p> : null}
      <div class="pad more">
        {page.next !== null ? (
          <Button class="small" act={more}>
            {isEmpty ? "Look further" : "More"}
          </Button>
        ) : null}
        <span class="muted note">
          {isEmpty ? "" : `${count(page.elements.length)} shown, by id`}
          {page.next === null && !isEmpty ? ", all of them" : ""}
        </span>
      </div>
    </>
  );
}
