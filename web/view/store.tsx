/* What the store holds, what is left over in it, and how much room there is. */

import { useEffect, useState } from "preact/hooks";
import { asRefusal, call, isAborted, of as path, type Refusal } from "../data/client.ts";
import { bySize, hints, partName, type Held, type Part, type Size, type StoreAnswer } from "../data/held.ts";
import { section, type Status } from "../data/types.ts";
import { choose, place, to } from "../app/routes.ts";
import { Button, obstacle } from "../part/button.tsx";
import { Mark } from "../part/mark.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";
import { Message, Text } from "../part/text.tsx";
import { sayWhy } from "../part/toast.tsx";
import { bytes, count } from "../text.ts";
import { Backup } from "./backup.tsx";
import { askRemove } from "./costs.tsx";
import { Elsewhere, Room, Share } from "./room.tsx";

/** How many components are drawn at first. */
const SHOWN = 100;

export function Store() {
  const { store, refusal, again, more } = useStore();
  return (
    <>
      <div class="head">
        <h1>Store</h1>
        <div class="actions">
          {store ? <Backup of={store} /> : null}
          <Button act={again}>Measure again</Button>
        </div>
      </div>
      {refusal ? (
        <section class="card">
          <Problem of={refusal} retry={again} />
        </section>
      ) : null}
      {store === null ? refusal ? null : <Skeleton height={420} /> : <Whole of={store} again={again} more={more} />}
    </>
  );
}

function Whole({ of, again, more }: { of: StoreAnswer; again: () => Promise<void>; more: () => Promise<void> }) {
  const told = hints(of);
  const left = of.components.filter((one) => one.added === false);
  return (
    <>
      {told.length > 0 ? (
        <ul class="card hints">
          {told.map(({ severity, text }) => (
            <li key={text}>
              <Mark of={severity === "warning" ? "warning" : "running"} />
              <span>
                <Message of={text} />
              </span>
            </li>
          ))}
        </ul>
      ) : null}
      {left.length > 0 ? <Leftovers of={left} again={again} /> : null}
      <div class="grid halves">
        <Room of={of} />
        <Parts of={of} />
      </div>
      {of.kept_elsewhere.length > 0 ? <Elsewhere of={of.kept_elsewhere} /> : null}
      <Components of={of} more={more} />
    </>
  );
}

/** A size in bytes; an estimate says that it is one. */
function Bytes({ of }: { of: Size }) {
  if (of.exact) return <>{bytes(of.bytes)}</>;
  return <span title="estimated from a sample">~ {bytes(of.bytes)}</span>;
}

function Entries({ of }: { of: Size }) {
  return <>{of.exact ? count(of.entries) : `~ ${count(of.entries)}`}</>;
}

function Parts({ of }: { of: StoreAnswer }) {
  const parts = bySize(of.parts).filter(({ entries }) => entries > 0);
  const all = parts.reduce((sum, part) => sum + part.bytes, 0);
  return (
    <section class="card">
      <header>
        <h2>What takes it</h2>
      </header>
      <table class="sizes">
        <caption class="hidden">Parts of the store</caption>
        <thead class="hidden">
          <tr>
            <th scope="col">Part</th>
            <th scope="col">Share</th>
            <th scope="col">Bytes</th>
          </tr>
        </thead>
        <tbody>
          {parts.map((part) => (
            <tr key={part.part}>
              <th scope="row">{partName(part.part)}</th>
              <td class="bar">
                <Share of={part.bytes} all={all} />
              </td>
              <td class="right num">
                <Bytes of={part} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {of.deleting.entries > 0 ? (
        <p class="pad muted">
          Of this, <Bytes of={of.deleting} /> are being deleted in the background.
        </p>
      ) : null}
    </section>
  );
}

function Leftovers({ of, again }: { of: Held[]; again: () => Promise<void> }) {
  const remove = async (one: Held) => {
    try {
      const status = await call<Status>(path(section(one.kind), one.id), { urgent: true });
      await askRemove(status, () => void again());
    } catch (error) {
      sayWhy(error);
    }
  };
  return (
    <section class="card">
      <header>
        <h2>Left over</h2>
        <span class="muted note">in the store, but not in the configuration</span>
      </header>
      <ul class="left">
        {of.map((one) => (
          <li key={`${one.kind} ${one.id}`}>
            <span>
              <a href={to(one.kind, one.id)}>
                <Text of={one.id} />
              </a>{" "}
              <small class="muted">
                {one.kind}, <Bytes of={one} />
              </small>
            </span>
            <Button class="small" act={() => remove(one)} unless={obstacle("administer")} label={`Remove ${one.id}`}>
              Remove...
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Components({ of, more }: { of: StoreAnswer; more: () => Promise<void> }) {
  const wanted = place.value.search.get("q") ?? "";
  const [shown, setShown] = useState(SHOWN);
  const all = bySize(of.components).filter(({ id }) => id.toLowerCase().includes(wanted.toLowerCase()));
  const most = all[0]?.bytes ?? 0;
  return (
    <section class="card">
      <div class="tools">
        <input
          class="input"
          type="search"
          aria-label="Search components by id"
          placeholder="Search by id  /"
          value={wanted}
          onInput={(event) => choose({ q: event.currentTarget.value })}
        />
        <span class="grow" />
        <span class="muted note">bytes of keys and values; ~ is estimated</span>
      </div>
      {all.length === 0 ? (
        <p class="pad muted">{of.components.length === 0 ? "Nothing is stored yet." : "None of these matches."}</p>
      ) : (
        <div class="scroll">
          <table class="components held">
            <caption class="hidden">Components, the largest first</caption>
            <thead>
              <tr>
                <th scope="col">Component</th>
                <th scope="col" class="right">
                  Bytes
                </th>
                <th scope="col">Of the largest</th>
                <th scope="col" class="right">
                  Entries
                </th>
                <th scope="col" class="right">
                  Epoch
                </th>
                <th scope="col">Most of it</th>
              </tr>
            </thead>
            <tbody>
              {all.slice(0, shown).map((one) => (
                <Line of={one} most={most} key={`${one.kind} ${one.id}`} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {all.length > shown ? (
        <div class="pad">
          <Button class="small" act={() => setShown(shown + SHOWN)}>
            More of these {count(all.length)}
          </Button>
        </div>
      ) : of.next !== null ? (
        <div class="pad">
          <p class="muted">Read so far: {count(of.components.length)} components, by id.</p>
          <Button class="small" act={more}>
            Read more
          </Button>
        </div>
      ) : null}
    </section>
  );
}

function Line({ of, most }: { of: Held; most: number }) {
  const first: Part | undefined = bySize(of.parts)[0];
  return (
    <tr>
      <td>
        <a href={to(of.kind, of.id)}>
          <Text of={of.id} />
        </a>{" "}
        <small class="muted">
          {of.kind}
          {of.added === false ? ", left over" : ""}
        </small>
      </td>
      <td class="right num">
        <Bytes of={of} />
      </td>
      <td class="bar">
        <Share of={of.bytes} all={most} />
      </td>
      <td class="right num">
        <Entries of={of} />
      </td>
      <td class="right num">{of.epoch ?? "-"}</td>
      <td class="muted">{first ? `${partName(first.part)}, ${bytes(first.bytes)}` : "nothing"}</td>
    </tr>
  );
}

/** Reads the store when the view opens and when asked; `more` reads the components of the next page. */
function useStore() {
  const [store, setStore] = useState<StoreAnswer | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const read = async (before: StoreAnswer | null, signal?: AbortSignal) => {
    const after = before?.next ? `?after=${encodeURIComponent(before.next)}` : "";
    try {
      const next = await call<StoreAnswer>(`/api/v1/store${after}`, signal ? { signal } : {});
      setStore({ ...next, components: [...(before?.components ?? []), ...next.components] });
      setRefusal(null);
    } catch (error) {
      if (!isAborted(error)) setRefusal(asRefusal(error));
    }
  };
  useEffect(() => {
    const closing = new AbortController();
    void read(null, closing.signal);
    return () => closing.abort();
  }, []);
  return { store, refusal, again: () => read(null), more: () => read(store) };
}
