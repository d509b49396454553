/* Dead letters of a reaction, which wait for a person. */

import { useState } from "preact/hooks";
import { settle, type Aside } from "../data/actions.ts";
import { of } from "../data/client.ts";
import { foreseeDiscard, type Foreseen } from "../data/foreseen.ts";
import type { Letter, Status } from "../data/types.ts";
import { Button, obstacle } from "../part/button.tsx";
import { ask } from "../part/dialog.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";
import { Message, Text, Time } from "../part/text.tsx";
import { say, sayWhy } from "../part/toast.tsx";
import { cut, things } from "../text.ts";
import { copy } from "./copy.ts";
import { useRead } from "./use-read.ts";

const EVERY = 3_000;
const LIMIT = 100;
/** How much of a text the list shows. */
const LINE_MAX = 160;
/** How much of a text is shown when it is opened. */
const TEXT_MAX = 20_000;

interface Item {
  number: number;
  timestamp: string | null;
  reason: string;
  text: string;
  key: string | null;
  whole: boolean;
}

interface Words {
  aside: Aside;
  one: string;
  retry: string;
  verb: "retry" | "replay";
  /** What it costs to drop some. */
  cost: string;
  none: string;
  note: string;
}

const LETTERS: Words = {
  aside: "dead-letters",
  one: "dead letter",
  retry: "Send again",
  verb: "replay",
  cost: "The target never receives it.",
  none: "No dead letters: the target has taken everything.",
  note: "Sent again, a letter keeps its body and its id, and comes out of its turn.",
};

export function LettersView({ status, reread }: { status: Status; reread: () => Promise<void> }) {
  const path = of("reactions", status.id, `/dead-letters?limit=${LIMIT}`);
  const { answer, refusal, again } = useRead<Letter[]>(path, EVERY);
  const items = answer?.map(({ body, ...letter }): Item => ({ ...letter, text: body, whole: true })) ?? null;
  const after = async () => {
    await again();
    await reread();
  };
  return <Items id={status.id} total={status.dead_letters} words={LETTERS} of={items} refusal={refusal} again={after} />;
}

interface ItemsProps {
  id: string;
  total: number;
  words: Words;
  of: Item[] | null;
  refusal: ReturnType<typeof useRead>["refusal"];
  again: () => Promise<void>;
}

function dropped({ loses }: Foreseen): number {
  return (loses?.parked ?? 0) + (loses?.dead_letters ?? 0);
}

function Items({ id, total, words, of, refusal, again }: ItemsProps) {
  const retry = async (number: number | null) => {
    await settle(words.aside, id, words.verb, number).then(() => say(`${words.retry}: requested.`), sayWhy);
    await again();
  };
  const drop = async (number: number | null) => {
    const foreseen = await foreseeDiscard(words.aside === "parked" ? "source" : "reaction", id, words.aside, number).catch(sayWhy);
    if (!foreseen) return;
    const many = number === null ? things(dropped(foreseen), words.one) : `${words.one} ${number}`;
    ask({
      title: `Drop ${many}?`,
      body: <p>{dropped(foreseen) === 0 ? "It is gone already." : words.cost}</p>,
      verb: "Drop",
      keep: "Keep",
      destroys: true,
      typed: number === null ? id : null,
      act: async () => {
        await settle(words.aside, id, "discard", number);
        say(`Drop ${many}: requested.`);
        await again();
      },
    });
  };
  const forbidden = obstacle("operate");
  const isEmpty = of?.length === 0;
  const nothing = isEmpty ? "There is nothing." : null;
  return (
    <section class="card">
      <header>
        <h2>{things(of && of.length < LIMIT ? of.length : total, words.one)}</h2>
        <span class="muted note wide-only">{words.note}</span>
        <span class="grow" />
        <Button class="small" act={() => retry(null)} unless={forbidden ?? nothing}>
          {words.retry}: all
        </Button>
        <Button class="small danger" act={() => drop(null)} unless={forbidden ?? nothing}>
          Drop all...
        </Button>
      </header>
      {refusal ? <Problem of={refusal} retry={again} /> : null}
      {of === null && !refusal ? <Skeleton height={160} /> : null}
      {isEmpty ? <p class="pad muted">{words.none}</p> : null}
      <ul class="aside">
        {(of ?? []).map((item) => (
          <One key={item.number} of={item} words={words} retry={retry} drop={drop} forbidden={forbidden} />
        ))}
      </ul>
      {of && total > of.length && of.length >= LIMIT ? <p class="pad muted">The first {LIMIT} are shown.</p> : null}
    </section>
  );
}

interface OneProps {
  of: Item;
  words: Words;
  retry: (number: number) => Promise<void>;
  drop: (number: number) => Promise<void>;
  forbidden: string | null;
}

function One({ of, words, retry, drop, forbidden }: OneProps) {
  const [isOpen, setOpen] = useState(false);
  const line = cut(of.text, LINE_MAX);
  const partly = of.whole ? null : "Not all of what was read is kept, so it can be retried only with a corrected text: livewell parked.";
  return (
    <li>
      <div class="what">
        <p class="why">
          <Message of={of.reason} />
        </p>
        <p class="muted note">
          number {of.number}
          {of.timestamp ? [", ", <Time of={of.timestamp} />] : null}
          {of.key ? [", ", <span class="mono"><Text of={of.key} /></span>] : null}
        </p>
        {isOpen ? (
          <pre class="code" tabIndex={0}>
            <Text of={cut(of.text, TEXT_MAX).text} lines />
          </pre>
        ) : (
          <p class="line mono">
            <Text of={line.text} />
            {line.whole ? "" : "…"}
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
        <Button class="small" act={() => retry(of.number)} unless={forbidden ?? partly}>
          {words.retry}
        </Button>
        <Button class="small danger" act={() => drop(of.number)} unless={forbidden}>
          Drop...
        </Button>
      </div>
    </li>
  );
}
