/* What a source is made of: labels, types, and the properties of the one that is chosen. */

import { choose, place, to } from "../app/routes.ts";
import { of } from "../data/client.ts";
import type { End, LabelOf, Schema, TypeOf } from "../data/coming.ts";
import { endOf } from "../data/coming.ts";
import { Problem, Skeleton } from "../part/problem.tsx";
import { Text } from "../part/text.tsx";
import { count, things } from "../text.ts";
import { Properties } from "./properties.tsx";
import { useRead } from "./use-read.ts";

/** How often what is made of changes is read again; the server answers at once while nothing has changed. */
const EVERY = 5_000;
/** How many pairs of ends a type shows. */
const ENDS_MAX = 3;

export function MadeOf({ id }: { id: string }) {
  const { answer, refusal, again } = useRead<Schema>(of("sources", id, "/schema"), EVERY);
  if (!answer) {
    if (refusal) return <Problem of={refusal} retry={again} />;
    return (
      <div class="late">
        <Skeleton height={320} />
      </div>
    );
  }
  const chosen = find(answer, place.value.search.get("of"));
  return (
    <>
      {refusal ? <Problem of={refusal} retry={again} /> : null}
      {answer.sampled ? <Sampled of={answer} /> : null}
      {answer.elements === 0 ? (
        <p class="note-line">Nothing is stored yet. Labels, types and their properties are shown here once something comes in.</p>
      ) : null}
      <div class="grid halves">
        <div class="grid">
          <Labels of={answer} chosen={chosen?.group ?? null} />
          <Types of={answer} chosen={chosen?.group ?? null} />
        </div>
        {chosen ? <Properties source={id} of={chosen.group} mark={chosen.mark} sampled={answer.sampled} /> : null}
      </div>
      {answer.dangling.count > 0 ? <Dangling id={id} of={answer} /> : null}
      {answer.others > 0 ? <p class="muted">{things(answer.others, "name")} more came than are listed here.</p> : null}
    </>
  );
}

function Sampled({ of }: { of: Schema }) {
  return (
    <p class="note-line">
      <b>A sample</b> of {count(of.elements_read)} of {count(of.elements)} elements, spread over their ids: the counts are those
      of the sample, and what is rare may be missing. <code>livewell elements</code> counts all.
    </p>
  );
}

interface Chosen {
  group: LabelOf | TypeOf;
  mark: ":" | "-";
}

/** Returns the label or type that the address names, else the most frequent label. */
function find(schema: Schema, wanted: string | null): Chosen | null {
  const label = schema.labels.find(({ name }) => wanted === `:${name}`);
  if (label) return { group: label, mark: ":" };
  const type = schema.types.find(({ name }) => wanted === `-${name}`);
  if (type) return { group: type, mark: "-" };
  const most = [...schema.labels].sort((one, other) => other.count - one.count)[0];
  if (most) return { group: most, mark: ":" };
  return schema.types[0] ? { group: schema.types[0], mark: "-" } : null;
}

/** The name of a label or type; pressed, its properties are shown. */
function Name({ mark, name, isChosen }: { mark: ":" | "-"; name: string; isChosen: boolean }) {
  return (
    <button type="button" class="link mono" aria-pressed={isChosen} onClick={() => choose({ of: mark + name })}>
      {mark === ":" ? ":" : ""}
      <Text of={name} />
    </button>
  );
}

function Labels({ of, chosen }: { of: Schema; chosen: LabelOf | null }) {
  return (
    <section class="card live" aria-label="Nodes">
      <header>
        <h2>Nodes</h2>
        <span class="muted num">{count(of.nodes)}</span>
      </header>
      {of.labels.length === 0 ? <p class="pad muted">None with a label.</p> : null}
      {of.labels.length > 0 ? (
        <table class="made-of">
          <thead>
            <tr>
              <th scope="col">Label</th>
              <th scope="col" class="right">
                {of.sampled ? "In the sample" : "Stored"}
              </th>
              <th scope="col" class="right">
                Properties
              </th>
            </tr>
          </thead>
          <tbody>
            {of.labels.map((label) => (
              <tr key={label.name} data-chosen={label === chosen ? "" : undefined}>
                <td>
                  <Name mark=":" name={label.name} isChosen={label === chosen} />
                </td>
                <td class="right num">{count(label.count)}</td>
                <td class="right num">{count(label.properties.length)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </section>
  );
}

function Types({ of, chosen }: { of: Schema; chosen: LabelOf | null }) {
  return (
    <section class="card live" aria-label="Relationships">
      <header>
        <h2>Relationships</h2>
        <span class="muted num">{count(of.relationships)}</span>
      </header>
      {of.types.length === 0 ? <p class="pad muted">None.</p> : null}
      {of.types.length > 0 ? (
        <table class="made-of">
          <thead>
            <tr>
              <th scope="col">Type</th>
              <th scope="col">From, to</th>
              <th scope="col" class="right">
                {of.sampled ? "In the sample" : "Stored"}
              </th>
            </tr>
          </thead>
          <tbody>
            {of.types.map((type) => (
              <tr key={type.name} data-chosen={type === chosen ? "" : undefined}>
                <td>
                  <Name mark="-" name={type.name} isChosen={type === chosen} />
                </td>
                <td>
                  <Ends of={type} />
                </td>
                <td class="right num">{count(type.count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </section>
  );
}

function Ends({ of }: { of: TypeOf }) {
  if (of.ends.length === 0) return <span class="muted">all dangle</span>;
  return (
    <ul class="ends">
      {of.ends.slice(0, ENDS_MAX).map(({ from, to: into }) => (
        <li key={`${from.join("\n")}\n\n${into.join("\n")}`}>
          <Names of={from} /> <span role="img" aria-label="to">→</span> <Names of={into} />
        </li>
      ))}
      {of.ends.length > ENDS_MAX ? <li class="muted">and {count(of.ends.length - ENDS_MAX)} more</li> : null}
    </ul>
  );
}

function Names({ of }: { of: string[] }) {
  if (of.length === 0) return <span class="muted">no label</span>;
  return (
    <span class="mono">
      <Text of={of.map((name) => `:${name}`).join("")} />
    </span>
  );
}

function Dangling({ id, of }: { id: string; of: Schema }) {
  const { dangling } = of;
  return (
    <p class="note-line" data-severity="warning">
      <b>
        {things(dangling.count, "relationship")} of it {dangling.count === 1 ? "has" : "have"} an end that is not there
      </b>
      , such as <Links source={id} of={dangling.ids.slice(0, 3)} />. Missing: <Links source={id} of={dangling.missing} />. They
      match once it comes.
    </p>
  );
}

/** Links to elements, also of other sources. */
function Links({ source, of }: { source: string; of: End[] }) {
  return (
    <>
      {of.map((end, index) => {
        const named = endOf(end, source);
        return (
          <>
            {index > 0 ? ", " : ""}
            <a class="mono" href={`${to("source", named.source, "elements")}?${new URLSearchParams({ id: named.id })}`}>
              <Text of={named.source === source ? named.id : `${named.source}: ${named.id}`} />
            </a>
          </>
        );
      })}
    </>
  );
}
