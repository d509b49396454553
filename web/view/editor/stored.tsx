/* What there is to match: labels and types of what the draft reads, with a search; completion uses the same. */

import { useEffect, useState } from "preact/hooks";
import { to } from "../../app/routes.ts";
import { asRefusal, isAborted, type Refusal } from "../../data/client.ts";
import type { Draft } from "../../data/draft.ts";
import { node } from "../../data/store.ts";
import { storedIn, type Kind } from "../../data/stored.ts";
import type { Name, Names } from "../../part/editor/cypher.ts";
import { Problem } from "../../part/problem.tsx";
import { Text } from "../../part/text.tsx";
import { count } from "../../text.ts";

/** What is known of all that a draft reads. */
export interface StoredState {
  kinds: Kind[];
  isReading: boolean;
  refusal: Refusal | null;
}

/** How many lines are shown; the search finds the others. */
const SHOWN_MAX = 60;

/** Reads what these sources and queries have, each once. */
export function useStored(sources: string[]): StoredState {
  const [known, setKnown] = useState<{ [id: string]: Kind[] }>({});
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const missing = sources.filter((id) => !Object.hasOwn(known, id));
  useEffect(() => {
    const own = new AbortController();
    const read = async (id: string) => {
      try {
        const kinds = await storedIn(id, node(id)?.kind === "query", own.signal);
        if (own.signal.aborted) return;
        setKnown((before) => ({ ...before, [id]: kinds }));
        setRefusal(null);
      } catch (error) {
        if (!own.signal.aborted && !isAborted(error)) setRefusal(asRefusal(error));
      }
    };
    for (const id of missing) void read(id);
    return () => own.abort();
  }, [sources.join("\n"), missing.length]);
  const kinds = sources.flatMap((id) => (Object.hasOwn(known, id) ? (known[id] ?? []) : []));
  return { kinds, isReading: missing.length > 0, refusal };
}

/** Returns what can be completed. */
export function namesOf(kinds: Kind[], draft: Draft): Names {
  const named = (isType: boolean): Name[] =>
    kinds.filter((kind) => kind.isType === isType).map(({ name, count: many, source }) => ({
      name,
      detail: many === null ? source : `${count(many)} in ${source}`,
    }));
  const properties = new Map<string, string>();
  for (const kind of kinds) for (const name of kind.properties) properties.set(name, properties.has(name) ? "" : kind.name);
  return {
    labels: named(false),
    types: named(true),
    properties: [...properties].map(([name, detail]) => ({ name, detail })),
    parameters: [...draft.params, ...draft.forEach].map(({ name }) => name),
  };
}

export function Stored({ of, sources }: { of: StoredState; sources: string[] }) {
  const [wanted, setWanted] = useState("");
  const words = wanted.trim().toLowerCase();
  const isFound = ({ name, properties }: Kind) => [name, ...properties].some((one) => one.toLowerCase().includes(words));
  const found = of.kinds.filter(isFound);
  return (
    <section class="card" aria-label="What there is to match">
      <header>
        <h2>What there is to match</h2>
        <span class="grow" />
        <input
          class="input stored-search"
          type="search"
          aria-label="Search labels, types and properties"
          placeholder="Label, type or property  /"
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      </header>
      {of.refusal ? <Problem of={of.refusal} /> : null}
      {sources.length === 0 ? <p class="pad muted">Choose what the query reads, and its labels and types are listed here.</p> : null}
      {sources.length > 0 && of.kinds.length === 0 && !of.isReading && !of.refusal ? <p class="pad muted">Nothing is stored there yet.</p> : null}
      {of.kinds.length > 0 && found.length === 0 ? <p class="pad muted">None of these has that in its name.</p> : null}
      {found.length > 0 ? (
        <div class="scroll" tabIndex={0} role="group" aria-label="Labels and types">
          <table class="stored">
            <thead>
              <tr>
                <th>label or type</th>
                <th class="right">number</th>
                <th>in</th>
                <th>properties</th>
              </tr>
            </thead>
            <tbody>
              {found.slice(0, SHOWN_MAX).map((kind) => (
                <Line of={kind} key={`${kind.source} ${kind.isType} ${kind.name}`} />
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      {found.length > SHOWN_MAX ? <p class="pad muted">and {count(found.length - SHOWN_MAX)} more: search for them</p> : null}
    </section>
  );
}

function Line({ of: { name, isType, count: many, source, properties } }: { of: Kind }) {
  return (
    <tr>
      <td class="mono">
        <Text of={isType ? `-[:${name}]->` : `:${name}`} />
      </td>
      <td class="num right">{many === null ? "" : count(many)}</td>
      <td>
        <a href={to(node(source)?.kind ?? "source", source)}>
          <Text of={source} />
        </a>
      </td>
      <td class="muted">
        <Text of={properties.join(", ")} />
      </td>
    </tr>
  );
}
