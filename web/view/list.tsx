/* All components of a kind, page by page, with search and state. */

import { useEffect, useState } from "preact/hooks";
import { asRefusal, call, isAborted, type Refusal } from "../data/client.ts";
import { painted } from "../data/paint.ts";
import { node } from "../data/store.ts";
import { section, type Kind, type Node, type State, type Status } from "../data/types.ts";
import { choose, place, to } from "../app/routes.ts";
import { Button, obstacle } from "../part/button.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";
import { Text } from "../part/text.tsx";
import { count, inWords } from "../text.ts";
import { ComponentTable } from "./table.tsx";

const PAGE = 1_000;
const STATES: State[] = ["error", "waiting", "starting", "running", "caught_up", "paused", "stopped"];

interface Pages {
  all: Status[];
  isWhole: boolean;
}

export function List({ kind }: { kind: Kind }) {
  painted.value;
  const { search } = place.value;
  const state = search.get("state") ?? "";
  const wanted = (search.get("q") ?? "").toLowerCase();
  const { pages, refusal, more } = usePages(kind, state);
  const nodes = (pages?.all ?? []).filter(({ id }) => id.toLowerCase().includes(wanted)).map(asNode);
  const left = (pages?.all ?? []).filter((status) => !status.configured);
  return (
    <>
      <div class="head">
        <h1>{title(kind)}</h1>
        <div class="actions">
          <Button act={() => void (location.hash = `#/new/${kind}`)} unless={obstacle("administer")}>
            New {kind}
          </Button>
        </div>
      </div>
      <section class="card live">
        <div class="tools">
          <input
            class="input"
            type="search"
            aria-label={`Search ${section(kind)} by id`}
            placeholder="Search by id  /"
            value={search.get("q") ?? ""}
            onInput={(event) => choose({ q: event.currentTarget.value })}
          />
          <select
            class="input"
            aria-label="State"
            value={state}
            onChange={(event) => choose({ state: event.currentTarget.value })}
          >
            <option value="">any state</option>
            {STATES.map((of) => (
              <option value={of} key={of}>
                {inWords(of)}
              </option>
            ))}
          </select>
        </div>
        {refusal ? <Problem of={refusal} retry={more} /> : null}
        {pages === null && !refusal ? <Skeleton height={200} /> : null}
        {pages && nodes.length === 0 ? (
          <p class="pad muted">{pages.all.length === 0 ? `No ${section(kind)} here.` : "None of these matches."}</p>
        ) : null}
        {nodes.length > 0 ? <ComponentTable of={nodes} /> : null}
        {pages && !pages.isWhole ? (
          <div class="pad">
            <Button class="small" act={more}>
              More than these {count(pages.all.length)}
            </Button>
          </div>
        ) : null}
      </section>
      {left.length > 0 ? <Leftovers kind={kind} of={left} /> : null}
    </>
  );
}

function title(kind: Kind): string {
  const name = section(kind);
  return (name[0]?.toUpperCase() ?? "") + name.slice(1);
}

function Leftovers({ kind, of }: { kind: Kind; of: Status[] }) {
  return (
    <section class="card pad">
      <p>
        In the store, but not in the configuration:{" "}
        {of.map(({ id }, index) => (
          <>
            {index > 0 ? ", " : ""}
            <a href={to(kind, id)}>
              <Text of={id} />
            </a>
          </>
        ))}
        . They can be removed.
      </p>
    </section>
  );
}

/** Returns what the stream knows of a component, or else what its page of the list says. */
function asNode(status: Status): Node {
  const live = node(status.id);
  if (live) return live;
  const error = status.error === null ? null : { code: null, message: status.error, since: status.error_since ?? "" };
  const { id, kind, type, state, epoch, sequence, rows, lag, lag_seconds, parked, dead_letters } = status;
  const plain = { id, kind, type, state, epoch, sequence, rows, lag, lag_seconds, parked, dead_letters };
  return { ...plain, error, per_second: status.rates.per_second, behind_bytes: null, log_share: null };
}

function usePages(kind: Kind, state: string) {
  const [pages, setPages] = useState<Pages | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const read = async (before: Status[], signal?: AbortSignal) => {
    const after = before.at(-1)?.id;
    const search = new URLSearchParams({ limit: String(PAGE) });
    if (state !== "") search.set("state", state);
    if (after !== undefined) search.set("after", after);
    try {
      const next = await call<Status[]>(`/api/v1/${section(kind)}?${search}`, signal ? { signal } : {});
      setPages({ all: [...before, ...next], isWhole: next.length < PAGE });
      setRefusal(null);
    } catch (error) {
      if (!isAborted(error)) setRefusal(asRefusal(error));
    }
  };
  useEffect(() => {
    const closing = new AbortController();
    void read([], closing.signal);
    return () => closing.abort();
  }, [kind, state]);
  return { pages, refusal, more: () => read(pages?.all ?? []) };
}
