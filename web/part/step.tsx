/* The steps from the elements of the sources to a row: what each has used, and what is left after it. */

import { node } from "../data/store.ts";
import type { Bound, Member, Rank, Step } from "../data/why.ts";
import { count, things } from "../text.ts";
import { Cypher } from "./cypher.tsx";
import { Cell, Message, Text } from "./text.tsx";

/** Kinds whose text says what they are. */
const SPEAKS = new Set(["element", "relationship", "condition", "given"]);

/** Steps, each element only where it comes first. */
export function Steps({ of }: { of: Step[] }) {
  return <List of={withoutRepeats(of, new Set())} />;
}

function withoutRepeats(steps: Step[], shown: Set<string>): Step[] {
  return steps.map((step) => {
    const elements = step.elements.filter((element) => !shown.has(keyOf(element)));
    for (const element of elements) shown.add(keyOf(element));
    return { ...step, elements, steps: withoutRepeats(step.steps ?? [], shown) };
  });
}

function List({ of }: { of: Step[] }) {
  return (
    <ol class="step-list">
      {of.map((step, index) => (
        <>
          {step.branch !== null && step.branch !== of[index - 1]?.branch ? (
            <li class="muted note">query {step.branch} of the UNION</li>
          ) : null}
          <Line of={step} key={index} />
        </>
      ))}
    </ol>
  );
}

function Line({ of }: { of: Step }) {
  const needsWord = !SPEAKS.has(of.kind) && !of.text.toLowerCase().startsWith(of.kind);
  return (
    <li class="step" data-ok={of.ok === null ? undefined : String(of.ok)}>
      <Verdict of={of.ok} />
      <div>
        {needsWord ? <span class="muted">{of.kind} </span> : null}
        <code>
          <Cypher of={of.text} />
        </code>
        <Beside of={of} />
        {of.note ? (
          <p class="note">
            <Message of={of.note} />
          </p>
        ) : null}
        {of.elements.map((element) => (
          <Element of={element} key={keyOf(element)} />
        ))}
        {of.members ? <Members of={of.members} /> : null}
        {of.rank ? <Place of={of.rank} /> : null}
        {of.steps && of.steps.length > 0 ? <List of={of.steps} /> : null}
      </div>
      <span class="left num">{of.left === null ? "" : `${count(of.left)} left`}</span>
    </li>
  );
}

function keyOf({ variable, source, id }: Bound): string {
  return JSON.stringify([variable, source, id]);
}

const VERDICTS = new Map<boolean | null, [sign: string, word: string]>([
  [true, ["✓", "holds"]],
  [false, ["✗", "does not hold"]],
  [null, ["·", "decides nothing, or was not reached"]],
]);

function Verdict({ of }: { of: boolean | null }) {
  const [sign, word] = VERDICTS.get(of) ?? ["", ""];
  return (
    <b class="verdict-sign" role="img" aria-label={word}>
      {sign}
    </b>
  );
}

/** The values that a step has used, or its own if that says more than whether it holds. */
function Beside({ of }: { of: Step }) {
  const isPlain = of.value === undefined || (of.kind === "condition" && of.value === of.ok);
  if (of.used.length === 0 && isPlain) return null;
  return (
    <ul class="used">
      {of.used.map(({ text, value }) => (
        <li key={text}>
          <code>
            <Cypher of={text} />
          </code>{" "}
          = <Cell value={value} />
        </li>
      ))}
      {isPlain ? null : (
        <li>
          is <Cell value={of.value} />
        </li>
      )}
    </ul>
  );
}

/** Returns the address of an element; one of a query is a row of it. */
function addressOf({ source, id }: Bound): string {
  if (node(source)?.kind === "query") return `#/queries/${encodeURIComponent(source)}/rows`;
  return `#/sources/${encodeURIComponent(source)}/elements?id=${encodeURIComponent(id)}`;
}

function Element({ of }: { of: Bound }) {
  const properties = Object.entries(of.properties);
  return (
    <p class="element">
      {of.variable === null ? null : (
        <b class="mono">
          <Text of={of.variable} />{" "}
        </b>
      )}
      <a class="mono" href={addressOf(of)}>
        <Text of={of.source} />/<Text of={of.id} />
      </a>{" "}
      <span class="cypher-label mono">
        <Text of={of.labels.map((label) => `:${label}`).join("")} />
      </span>
      {properties.map(([name, value], index) => (
        <span key={name}>
          {index > 0 ? ", " : " "}
          <span class="muted">
            <Text of={name} />
          </span>{" "}
          <Cell value={value} />
        </span>
      ))}
    </p>
  );
}

function Members({ of }: { of: { count: number; first: Member[] } }) {
  const more = of.count - of.first.length;
  return (
    <details class="members" open={of.first.length <= 3}>
      <summary>of {things(of.count, "row")}</summary>
      <ol>
        {of.first.map((member, index) => (
          <One of={member} key={index} />
        ))}
      </ol>
      {more > 0 ? <p class="muted">and {count(more)} more</p> : null}
    </details>
  );
}

function One({ of }: { of: Member }) {
  return (
    <li>
      {of.elements.map((element) => (
        <Element of={element} key={keyOf(element)} />
      ))}
      {Object.entries(of.values).map(([name, value]) => (
        <p key={name}>
          <span class="muted">
            <Text of={name} />
          </span>{" "}
          <Cell value={value} />
        </p>
      ))}
    </li>
  );
}

function Place({ of }: { of: Rank }) {
  const { rank, skip, limit, before } = of;
  const kept = limit === null ? `those from ${count(skip + 1)} on are kept` : `${count(skip + 1)} to ${count(skip + limit)} are kept`;
  return (
    <>
      <p>
        {rank === null ? `${count(of.of)} are in the order` : `number ${count(rank)} of ${count(of.of)}`}; {kept}
      </p>
      {before.length > 0 ? (
        <details class="members">
          <summary>directly before it</summary>
          <ol>
            {before.map((member, index) => (
              <One of={member} key={index} />
            ))}
          </ol>
        </details>
      ) : null}
    </>
  );
}
