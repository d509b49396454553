/* Parked input of a source: its text with the place of the problem, to mend, try again or drop. */

import { useState } from "preact/hooks";
import { settleParked } from "../data/actions.ts";
import { of } from "../data/client.ts";
import { foreseeDiscard } from "../data/foreseen.ts";
import type { Parked, Status } from "../data/types.ts";
import { Button, obstacle } from "../part/button.tsx";
import { ask } from "../part/dialog.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";
import { Message, Text, Time } from "../part/text.tsx";
import { say, sayWhy } from "../part/toast.tsx";
import { around, cut, things } from "../text.ts";
import { copy } from "./copy.ts";
import { Mend } from "./mend.tsx";
import { useRead } from "./use-read.ts";

const EVERY = 3_000;
const LIMIT = 100;
/** How much of a text the list shows. */
const LINE_MAX = 160;
/** How much of a text is shown when it is opened. */
const TEXT_MAX = 20_000;

const COST = "It stays where it came from, but is not read again unless all of it is. What it says reaches no query.";

export function ParkedView({ status, reread }: { status: Status; reread: () => Promise<void> }) {
  const { id } = status;
  const { answer, refusal, again } = useRead<Parked[]>(of("sources", id, `/parked?limit=${LIMIT}`), EVERY);
  const after = async () => {
    await again();
    await reread();
  };
  const retry = async (number: number | null) => {
    await settleParked(id, "retry", number).then(() => say("Try again: requested."), sayWhy);
    await after();
  };
  const isWhole = answer !== null && answer.length < LIMIT;
  const total = isWhole ? answer.length : status.parked;
  const drop = async (number: number | null) => {
    const foreseen = await foreseeDiscard("source", id, "parked", number).catch(sayWhy);
    if (!foreseen) return;
    const pieces = foreseen.loses?.parked ?? 0;
    const many = number === null ? things(pieces, "parked piece") : `parked piece ${number}`;
    ask({
      title: `Drop ${many}?`,
      body: <p>{pieces === 0 ? "It is gone already." : COST}</p>,
      verb: "Drop",
      keep: "Keep",
      destroys: true,
      typed: number === null ? id : null,
      act: async () => {
        await settleParked(id, "discard", number);
        say(`Drop ${many}: requested.`);
        await after();
      },
    });
  };
  const forbidden = obstacle("operate");
  const nothing = answer?.length === 0 ? "There is nothing." : null;
  return (
    <section class="card" aria-label="Parked input">
      <header>
        <h2>{things(total, "parked piece")}</h2>
        <span class="muted note wide-only">The source continues without them.</span>
        <span class="grow" />
        <Button class="small" act={() => retry(null)} unless={forbidden ?? nothing}>
          Try again: all
        </Button>
        <Button class="small danger" act={() => drop(null)} unless={forbidden ?? nothing}>
          Drop all...
        </Button>
      </header>
      {refusal ? <Problem of={refusal} retry={after} /> : null}
      {answer === null && !refusal ? <Skeleton height={160} /> : null}
      {nothing ? <p class="pad muted">Nothing is parked: all input was taken in.</p> : null}
      <ul class="aside">
        {(answer ?? []).map((piece) => (
          <Piece key={piece.number} source={id} of={piece} retry={retry} drop={drop} after={after} forbidden={forbidden} />
        ))}
      </ul>
      {answer && !isWhole && total > answer.length ? <p class="pad muted">The first {LIMIT} are shown.</p> : null}
    </section>
  );
}

interface PieceProps {
  source: string;
  of: Parked;
  retry: (number: number) => Promise<void>;
  drop: (number: number) => Promise<void>;
  after: () => Promise<void>;
  forbidden: string | null;
}

function Piece({ source, of, retry, drop, after, forbidden }: PieceProps) {
  const [isOpen, setOpen] = useState(false);
  const [isMending, setMending] = useState(false);
  const partly = of.whole ? null : "Not all of what was read is kept: mend it, with the whole text.";
  const column = of.whole ? columnOf(of.reason) : null;
  return (
    <li>
      <div class="what">
        <p class="why">
          <Message of={of.reason} />
        </p>
        <p class="muted note">
          number {of.number}
          {of.timestamp ? [", ", <Time of={of.timestamp} />] : null}
        </p>
        {isOpen ? (
          <pre class="code" tabIndex={0}>
            <Marked text={cut(of.text, TEXT_MAX).text} column={column} />
          </pre>
        ) : (
          <p class="line mono">
            <Excerpt text={of.text} column={column} />
          </p>
        )}
      </div>
      <div class="do">
        <Button class="small" act={() => setOpen(!isOpen)}>
          {isOpen ? "Less" : "All of it"}
        </Button>
        <Button class="small" act={() => copy(of.text)}>
          Copy
        </Button>
        <Button class="small" act={() => setMending(true)} unless={forbidden}>
          Mend...
        </Button>
        <Button class="small" act={() => retry(of.number)} unless={forbidden ?? partly}>
          Try again
        </Button>
        <Button class="small danger" act={() => drop(of.number)} unless={forbidden}>
          Drop...
        </Button>
      </div>
      {isMending ? <Mend source={source} of={of} after={after} close={() => setMending(false)} /> : null}
    </li>
  );
}

/** Returns the column in characters from 1 that a reason names behind the place, as in `ops.jsonl:1:2: not JSON`. */
function columnOf(reason: string): number | null {
  const found = /:\d+:(\d+): |, column (\d+): /.exec(reason);
  return found ? Number(found[1] ?? found[2]) : null;
}

/** The part of a long text around the place of the problem. */
function Excerpt({ text, column }: { text: string; column: number | null }) {
  const { text: part, at, whole } = around(text, column ?? 1, LINE_MAX);
  return (
    <>
      {at > 0 ? "…" : ""}
      <Marked text={part} column={column === null ? null : column - at} />
      {whole ? "" : "…"}
    </>
  );
}

/** What comes before a column within a word. */
const BEGUN = /[^\s,:{}[\]"]{0,60}$/u;
/** What a column points at: a quoted text, a word, or a character. */
const POINTED = /^(?:"(?:[^"\\]|\\.){0,60}"?|[^\s,:{}[\]"]{1,60}|.)/su;

/** A text with the place of its problem marked. */
function Marked({ text, column }: { text: string; column: number | null }) {
  const to = column === null ? null : [...text].slice(0, column - 1).join("");
  const before = to?.replace(BEGUN, "") ?? null;
  const pointed = before === null ? null : POINTED.exec(text.slice(before.length))?.[0];
  if (before === null || !pointed) return <Text of={text} lines />;
  return (
    <>
      <Text of={before} lines />
      <mark>
        <Text of={pointed} lines />
      </mark>
      <Text of={text.slice(before.length + pointed.length)} lines />
    </>
  );
}
