/* Why a row is not here: what is known of it is asked for, and the first step that does not let it through decides. */

import { useState } from "preact/hooks";
import { of } from "../data/client.ts";
import { bodyOf, knownOf, pathOf, toAddress, type Explanation, type Known, type Named } from "../data/why.ts";
import { choose, place } from "../app/routes.ts";
import { Button } from "../part/button.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";
import { Text } from "../part/text.tsx";
import { Explained } from "./explained.tsx";
import { Funnel } from "./funnel.tsx";
import { Panel } from "./panel.tsx";
import { useRead } from "./use-read.ts";

export function AbsentPanel({ id }: { id: string }) {
  const { answer, refusal, again } = useRead<Named>(of("queries", id, "/explain"));
  return (
    <Panel label="A row that is not here" title="Why is a row not here?" param="absent">
      {refusal ? <Problem of={refusal} retry={again} /> : null}
      {answer ? <Asking id={id} named={answer} /> : null}
      {answer || refusal ? null : (
        <div class="late">
          <Skeleton height={160} />
        </div>
      )}
    </Panel>
  );
}

function Asking({ id, named }: { id: string; named: Named }) {
  const { search } = place.value;
  const known = knownOf(search);
  const body = bodyOf(known);
  const needed = named.for_each.filter((name) => !known.parameters.some(([given]) => given === name));
  const isReady = needed.length === 0;
  return (
    <>
      <Form named={named} known={known} key={JSON.stringify(known)} />
      {body !== null && isReady ? (
        <Answer id={id} known={known} body={body} columns={named.columns.slice(named.for_each.length)} key={`${body} ${known.parameters}`} />
      ) : null}
      <div class="ruled-part">
        {isReady && search.get("funnel") === "1" ? (
          <>
            <h3>Where the rows end</h3>
            <Funnel id={id} parameters={known.parameters} />
          </>
        ) : (
          <Button
            class="small"
            act={() => choose({ funnel: "1" })}
            unless={isReady ? null : `It has rows for each ${needed.join(" and ")}: say for which.`}
          >
            Where do the rows end?
          </Button>
        )}
      </div>
    </>
  );
}

function Answer({ id, known, body, columns }: { id: string; known: Known; body: string; columns: string[] }) {
  const path = pathOf(id, "why", known.parameters);
  return <Explained of={useRead<Explanation>(path, null, { method: "POST", body, long: true })} columns={columns} />;
}

/** What is written in the form, by name; names are those of the query, whatever they are. */
type Draft = ReadonlyMap<string, string>;

/** The parts of an element: where it is from, and its id there. */
interface Element {
  source: string;
  id: string;
}

function Form({ named, known }: { named: Named; known: Known }) {
  const [elements, setElements] = useState<ReadonlyMap<string, Element>>(new Map(known.bindings.map(([name, text]) => [name, parted(text)])));
  const [columns, setColumns] = useState<Draft>(new Map(known.columns));
  const [parameters, setParameters] = useState<Draft>(new Map(known.parameters));
  const values = named.columns.slice(named.for_each.length);
  const submit = (event: Event) => {
    event.preventDefault();
    const bindings = named.variables.flatMap((name): [string, string][] => {
      const { source = named.sources[0] ?? "", id = "" } = elements.get(name) ?? {};
      return id === "" ? [] : [[name, `${source}/${id}`]];
    });
    const written = (draft: Draft) => [...draft].filter(([, value]) => value !== "");
    choose(toAddress(known, { bindings, columns: written(columns), parameters: written(parameters) }));
  };
  return (
    <form class="known" onSubmit={submit}>
      <Fields of={named.for_each} draft={parameters} write={setParameters} label="for which" />
      <p class="muted">Say what you know of it: the id of one of its elements, or a value.</p>
      {named.variables.map((name) => {
        const of = elements.get(name) ?? { source: named.sources[0] ?? "", id: "" };
        const write = (change: Partial<Element>) => setElements(new Map(elements).set(name, { ...of, ...change }));
        return <ElementField name={name} sources={named.sources} of={of} write={write} key={name} />;
      })}
      <details open={known.columns.length > 0 || named.variables.length === 0}>
        <summary>or its values</summary>
        <Fields of={values} draft={columns} write={setColumns} label="value of" />
      </details>
      <button type="submit" class="button primary">
        Explain
      </button>
    </form>
  );
}

/** Takes an element apart. No id of a source has a slash; an element's may. */
function parted(text: string): Element {
  const [source = "", id = ""] = text.split(/\/(.*)/s, 2);
  return { source, id };
}

interface ElementFieldProps {
  name: string;
  sources: string[];
  of: Element;
  write: (change: Partial<Element>) => void;
}

function ElementField({ name, sources, of, write }: ElementFieldProps) {
  return (
    <label>
      <span class="mono">
        <Text of={name} />
      </span>
      {sources.length > 1 ? (
        <select class="input" aria-label={`source of ${name}`} value={of.source} onChange={(event) => write({ source: event.currentTarget.value })}>
          {sources.map((source) => (
            <option value={source} key={source}>
              {source}
            </option>
          ))}
        </select>
      ) : null}
      <input
        class="input mono"
        aria-label={`id of ${name}`}
        placeholder={sources.length === 1 ? `id in ${sources[0]}` : "id"}
        autocomplete="off"
        spellcheck={false}
        value={of.id}
        onInput={(event) => write({ id: event.currentTarget.value })}
      />
    </label>
  );
}

function Fields(props: { of: string[]; draft: Draft; write: (draft: Draft) => void; label: string }) {
  return (
    <>
      {props.of.map((name) => (
        <label key={name}>
          <span>
            <Text of={name} />
          </span>
          <input
            class="input"
            aria-label={`${props.label} ${name}`}
            autocomplete="off"
            spellcheck={false}
            value={props.draft.get(name) ?? ""}
            onInput={(event) => props.write(new Map(props.draft).set(name, event.currentTarget.value))}
          />
        </label>
      ))}
    </>
  );
}
