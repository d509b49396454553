/* The rows that a draft would have over what is stored, and how they differ from those of a running query. */

import { useEffect, useRef, useState } from "preact/hooks";
import { asRefusal, isAborted, type Refusal } from "../../data/client.ts";
import type { Drafting, Row, Tried } from "../../data/drafting.ts";
import { own } from "../../data/json.ts";
import { painted } from "../../data/paint.ts";
import { nodesOf } from "../../data/store.ts";
import { Button } from "../../part/button.tsx";
import { Problem } from "../../part/problem.tsx";
import { Cell, isNumber, Text } from "../../part/text.tsx";
import { count, duration, things } from "../../text.ts";

export function Try({ drafting }: { drafting: Drafting }) {
  painted.value;
  const draft = drafting.draft.value;
  const [against, setAgainst] = useState(drafting.of ?? "");
  const [values, setValues] = useState<ReadonlyMap<string, string>>(new Map());
  const { tried, of, refusal, run } = useTry(drafting);
  const each = draft.forEach.filter(({ name }) => name !== "");
  const given = Object.fromEntries(each.flatMap(({ name }) => (values.get(name) ? [[name, values.get(name) ?? ""]] : [])));
  const start = () => run(against === "" ? null : against, given);
  const wrong = obstacle(drafting);
  return (
    <>
      <div class="tools">
        <Button class="primary small" act={start} unless={wrong}>
          Try
        </Button>
        <label class="against">
          <span>Against</span>
          <select class="input" value={against} onChange={(event) => setAgainst(event.currentTarget.value)}>
            <option value="">nothing</option>
            {nodesOf("query").map(({ id }) => (
              <option key={id}>{id}</option>
            ))}
          </select>
        </label>
        {each.map(({ name }) => (
          <label class="against" key={name}>
            <span>
              <Text of={`$${name}`} />
            </span>
            <input
              class="input mono"
              placeholder="all values"
              value={values.get(name) ?? ""}
              onInput={(event) => setValues(new Map([...values, [name, event.currentTarget.value]]))}
            />
          </label>
        ))}
      </div>
      {refusal ? <Problem of={refusal} retry={start} /> : null}
      {tried ? <Outcome of={tried} isOld={of !== draft} /> : null}
      {!tried && !refusal ? <p class="pad muted">The rows over what is stored now. Nothing is kept, and nothing else waits.</p> : null}
    </>
  );
}

/** Returns why a draft cannot be tried yet. */
function obstacle(drafting: Drafting): string | null {
  const { cypher, sources } = drafting.draft.value;
  if (cypher.trim() === "") return "There is no text yet.";
  if (sources.length === 0) return "Choose what the query reads.";
  const errors = drafting.checked.value?.diagnostics.some(({ severity }) => severity === "error") ?? false;
  return errors ? "Mend the error in the text first." : null;
}

function useTry(drafting: Drafting) {
  const [tried, setTried] = useState<Tried | null>(null);
  const [of, setOf] = useState<object | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const run = async (against: string | null, values: { [name: string]: string }) => {
    running.current?.abort();
    const closing = new AbortController();
    running.current = closing;
    const draft = drafting.draft.peek();
    try {
      const found = await drafting.run(against, values, closing.signal);
      if (closing.signal.aborted) return;
      setTried(found);
      setOf(draft);
      setRefusal(null);
    } catch (error) {
      if (!closing.signal.aborted && !isAborted(error)) setRefusal(asRefusal(error));
    }
  };
  return { tried, of, refusal, run };
}

function Outcome({ of, isOld }: { of: Tried; isOld: boolean }) {
  const { against, columns, rows, rows_total } = of;
  return (
    <>
      <div class="pad outcome">
        {isOld ? (
          <p class="note-line" data-severity="warning">
            Of an earlier state of the draft.
          </p>
        ) : null}
        <p role="status">
          <b class="num">{things(rows_total, "row")}</b> from {things(of.elements, "stored element")}, at position{" "}
          <span class="num">{count(of.position)}</span>, in {duration(of.took_seconds)}. Nothing is kept.
        </p>
        {against ? <Counts of={against} /> : null}
      </div>
      {against ? <Difference of={against} columns={columns} /> : null}
      {rows.length > 0 ? <Rows of={rows} columns={columns} label={of.truncated ? `The first ${count(rows.length)} rows` : "Rows"} sign="=" /> : null}
    </>
  );
}

function Counts({ of }: { of: NonNullable<Tried["against"]> }) {
  const { added, removed, changed, unchanged } = of.counts;
  return (
    <p>
      Against <Text of={of.query_id} />: <span class="added num">+ {count(added)}</span>{" "}
      <span class="removed num">− {count(removed)}</span> <span class="changed num">~ {count(changed)}</span>{" "}
      <span class="muted">and {count(unchanged)} the same</span>
    </p>
  );
}

function Difference({ of, columns }: { of: NonNullable<Tried["against"]>; columns: string[] }) {
  const before = columnsOf([...of.removed.map(({ data }) => data), ...of.changed.map((row) => row.before)], columns);
  return (
    <>
      {of.added.length > 0 ? <Rows of={of.added} columns={columns} label="Added" sign="+" /> : null}
      {of.removed.length > 0 ? <Rows of={of.removed} columns={before} label="Removed" sign="−" /> : null}
      {of.changed.length > 0 ? (
        <Rows
          of={of.changed.flatMap(({ row_signature, before: was, after }) => [
            { row_signature, data: was },
            { row_signature: `${row_signature} after`, data: after },
          ])}
          columns={[...new Set([...before, ...columns])]}
          label="Changed, before and after"
          sign="~"
        />
      ) : null}
    </>
  );
}

function columnsOf(rows: Row["data"][], columns: string[]): string[] {
  return rows[0] ? Object.keys(rows[0]) : columns;
}

function Rows(props: { of: Row[]; columns: string[]; label: string; sign: string }) {
  const { of, columns, label, sign } = props;
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={label}>
      <table class="tried">
        <caption>
          {sign} {label}
        </caption>
        <thead>
          <tr>
            {columns.map((name) => (
              <th class={of.some(({ data }) => isNumber(own(data, name))) ? "right" : undefined} key={name}>
                <Text of={name} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {of.map(({ row_signature, data }) => (
            <tr key={row_signature}>
              {columns.map((name) => (
                <td class={isNumber(own(data, name)) ? "num right" : undefined} key={name}>
                  <Cell value={own(data, name)} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
