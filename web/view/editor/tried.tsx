/* What the first records of a source would become, or what a reaction would send. */

import { useState } from "preact/hooks";
import { asRefusal, type Refusal } from "../../data/client.ts";
import { tryReaction, trySource, type Change, type Message as Sent, type ReactionTried, type Record, type SourceTried, type Written } from "../../data/items.ts";
import { print, type Value } from "../../data/json.ts";
import { Button } from "../../part/button.tsx";
import { Code, Problem } from "../../part/problem.tsx";
import { Message, Text, Whole } from "../../part/text.tsx";
import { cut, things } from "../../text.ts";

/** How much of a record its line shows. */
const LINE_MAX = 200;

type Answer = SourceTried | ReactionTried;

export function Tried({ kind, text, unless }: { kind: Written; text: string; unless: string | null }) {
  const [tried, setTried] = useState<{ text: string; answer: Answer } | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const attempt = async () => {
    setRefusal(null);
    try {
      setTried({ text, answer: await (kind === "source" ? trySource(text) : tryReaction(text)) });
    } catch (error) {
      setTried(null);
      setRefusal(asRefusal(error));
    }
  };
  return (
    <>
      <Button act={attempt} unless={unless}>
        Try
      </Button>
      {refusal ? <Problem of={refusal} /> : null}
      {tried ? <Outcome of={tried.answer} isOfNow={tried.text === text} /> : null}
    </>
  );
}

function Outcome({ of, isOfNow }: { of: Answer; isOfNow: boolean }) {
  return (
    <section class="tried" aria-label="What comes of it">
      {isOfNow ? null : <p class="note-line">The text was changed since.</p>}
      {of.note ? (
        <p class="muted">
          <Message of={of.note} />
        </p>
      ) : null}
      <p role="status">{"records" in of ? counted(of) : of.messages.length > 0 ? `${things(of.messages.length, "message")}.` : ""}</p>
      <ol>
        {"records" in of
          ? of.records.map((record) => <Became key={record.line} of={record} />)
          : of.messages.map((message, index) => <Made key={index} of={message} />)}
      </ol>
    </section>
  );
}

function counted({ records, truncated }: SourceTried): string {
  if (records.length === 0) return "";
  return `The first ${things(records.length, "record")}${truncated ? "; there are more" : ""}.`;
}

function Made({ of }: { of: Sent }) {
  return (
    <li>
      <p class="mono line">
        <Text of={of.target} />
      </p>
      {of.headers.length > 0 ? (
        <p class="mono line">
          {of.headers.map(({ name, value }) => (
            <span key={name} class="change">
              <Text of={name} />: {value === null ? <i>not shown</i> : <Text of={value} />}
            </span>
          ))}
        </p>
      ) : null}
      <pre class="code" tabIndex={0}>
        <Text of={of.body} lines />
      </pre>
    </li>
  );
}

function Became({ of }: { of: Record }) {
  const line = cut(of.input, LINE_MAX);
  return (
    <li data-wrong={of.problem ? "" : undefined}>
      <p class="mono line">
        <Text of={line.text} />
        {line.whole ? "" : "…"}
      </p>
      {of.problem ? (
        <p class="why">
          <Message of={of.problem.message} /> <Code of={of.problem.code} />
        </p>
      ) : (
        <details>
          <summary>
            {of.changes.map((change, index) => (
              <Summary key={index} of={change} />
            ))}
          </summary>
          <Whole value={of.changes as unknown as Value} />
        </details>
      )}
    </li>
  );
}

/** A change in a line: what it does, labels, id, and where a relationship leads. */
function Summary({ of }: { of: Change }) {
  const { element } = of;
  const labels = (element?.labels ?? []).map((label) => `:${label}`).join("");
  const ends = element?.from === undefined && element?.to === undefined ? null : `${end(element.from)} to ${end(element.to)}`;
  return (
    <span class="change">
      {of.operation === "insert" ? "" : `${of.operation} `}
      <Text of={labels} /> <b>
        <Text of={element?.id ?? of.id ?? ""} />
      </b>
      {ends ? (
        <span class="muted">
          {" "}
          <Text of={ends} />
        </span>
      ) : null}
    </span>
  );
}

function end(of: Value | undefined): string {
  return typeof of === "string" ? of : print(of);
}
