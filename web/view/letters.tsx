/* Dead letters of a reaction: the list, and beside it the letter that is open. */

import { useState } from "preact/hooks";
import { of } from "../data/client.ts";
import { settleLetters, type Letter } from "../data/reaction.ts";
import type { Node, State, Status } from "../data/types.ts";
import { choose, place } from "../app/routes.ts";
import { Button, obstacle } from "../part/button.tsx";
import { ask } from "../part/dialog.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";
import { Message, Text, Time } from "../part/text.tsx";
import { say } from "../part/toast.tsx";
import { bytes, cut, duration, things } from "../text.ts";
import { copy } from "./copy.ts";
import { useRead } from "./use-read.ts";
import { useWoken } from "./use-woken.ts";

const EVERY = 3_000;
const LIMIT = 100;
/** How much of a body is shown; copying takes all of it. */
const BODY_MAX = 20_000;

export function LettersView(props: { status: Status; live: Node | undefined; reread: () => Promise<void> }) {
  const { status, live } = props;
  const path = of("reactions", status.id, `/dead-letters?limit=${LIMIT}&brief=true`);
  const { answer, refusal, again } = useRead<Letter[]>(path, EVERY);
  const [marked, setMarked] = useState<ReadonlySet<number>>(new Set());
  useWoken(`${live?.dead_letters} ${live?.sequence}`, again);
  const letters = answer ?? [];
  // What has left the list meanwhile is not marked any more.
  const chosen = letters.filter((letter) => marked.has(letter.number)).map((letter) => letter.number);
  const open = letters.find((letter) => String(letter.number) === place.value.search.get("letter")) ?? letters[0];
  const mark = (number: number, isMarked: boolean) => {
    const next = new Set(chosen);
    if (isMarked) next.add(number);
    else next.delete(number);
    setMarked(next);
  };
  const after = async () => {
    setMarked(new Set());
    await again();
    await props.reread();
  };
  const total = letters.length < LIMIT && answer ? letters.length : Math.max(status.dead_letters, letters.length);
  return (
    <section class="card live">
      <header>
        <h2>{answer ? things(total, "dead letter") : "Dead letters"}</h2>
        <span class="grow" />
        {letters.length > 0 ? <Acts status={status} live={live} total={total} chosen={chosen} after={after} /> : null}
      </header>
      {refusal ? <Problem of={refusal} retry={again} /> : null}
      {!answer && !refusal ? <Skeleton height={240} /> : null}
      {answer && letters.length === 0 ? <p class="pad muted">No dead letters: the target has taken everything.</p> : null}
      {open ? (
        <div class="letters">
          <ul class="letter-list" aria-label="Letters">
            {letters.map((letter) => (
              <Entry key={letter.number} of={letter} isOpen={letter === open} isMarked={chosen.includes(letter.number)} mark={mark} />
            ))}
            {total > letters.length ? <li class="pad muted">The first {LIMIT} are shown.</li> : null}
          </ul>
          <Opened key={open.number} reaction={status.id} of={open} turn={when(live?.state ?? status.state)} />
        </div>
      ) : null}
    </section>
  );
}

interface ActsProps {
  status: Status;
  live: Node | undefined;
  total: number;
  chosen: number[];
  after: () => Promise<void>;
}

function Acts({ status, live, total, chosen, after }: ActsProps) {
  const { id } = status;
  const state = live?.state ?? status.state;
  const turn = when(state);
  const isIdle = state === "stopped" || state === "paused";
  const forbidden = obstacle("operate") ?? (isIdle ? "It does not run: start it first." : null);
  const numbers = chosen.length > 0 ? chosen : null;
  const many = things(numbers?.length ?? total, "letter");
  const which = numbers ? many : `all ${many}`;
  const act = (verb: "replay" | "discard", said: string) => async () => {
    await settleLetters(id, verb, numbers);
    say(said);
    await after();
  };
  const send = () =>
    ask({
      title: `Send ${which} again?`,
      body: (
        <>
          <p>With the same id and body, out of turn: the id stays, the order does not.</p>
          <p class="muted">What is taken leaves the list; the rest stays, with its new answer. {turn}</p>
        </>
      ),
      verb: "Send",
      keep: "Not now",
      destroys: false,
      typed: null,
      act: act("replay", `Asked for. ${turn}`),
    });
  const drop = () =>
    ask({
      title: `Drop ${which}?`,
      body: <p>The target never receives {numbers?.length === 1 || total === 1 ? "it" : "them"}. This cannot be undone.</p>,
      verb: "Drop",
      keep: "Keep",
      destroys: true,
      typed: numbers === null && total > 1 ? id : null,
      act: act("discard", `Dropped: ${which}.`),
    });
  return (
    <>
      <Button class="small" act={send} unless={forbidden}>
        Send {numbers ? things(numbers.length, "letter") : "all"} again...
      </Button>
      <Button class="small danger" act={drop} unless={forbidden}>
        Drop {numbers ? things(numbers.length, "letter") : "all"}...
      </Button>
    </>
  );
}

/** When a letter has its turn: it is sent by the thread that delivers. */
function when(state: State): string {
  if (state === "waiting") return "That is done once the pause is over; Send now, under Deliveries, ends it.";
  return "That is done between two deliveries.";
}

/** The note on a letter whose retry or removal is pending. */
const ORDERED = { replay: "To be sent again", discard: "To be dropped" };

interface EntryProps {
  of: Letter;
  isOpen: boolean;
  isMarked: boolean;
  mark: (number: number, isMarked: boolean) => void;
}

function Entry({ of, isOpen, isMarked, mark }: EntryProps) {
  return (
    <li data-open={isOpen ? "" : undefined}>
      <input
        type="checkbox"
        aria-label={`Letter ${of.number}`}
        checked={isMarked}
        onChange={(event) => mark(of.number, event.currentTarget.checked)}
      />
      <button
        type="button"
        aria-pressed={isOpen}
        onClick={() => choose({ letter: String(of.number) })}
      >
        <span class="top-line">
          <b class="mono">{of.sequence === null ? `number ${of.number}` : `${of.epoch}-${of.sequence}`}</b>
          <span class="muted note">
            <Time of={of.timestamp} />
          </span>
        </span>
        {of.ordered ? <b class="ordered note">{ORDERED[of.ordered]}</b> : null}
        <span class="muted note">
          <Message of={of.reason} />
        </span>
      </button>
    </li>
  );
}

/** The letter that is open, with its body, which the list has only the beginning of. */
function Opened({ reaction, of: letter, turn }: { reaction: string; of: Letter; turn: string }) {
  const path = of("reactions", reaction, `/dead-letters?limit=1&after=${letter.number - 1}`);
  const read = useRead<Letter[]>(path);
  const whole = read.answer?.find((found) => found.number === letter.number);
  const shown = cut((whole ?? letter).body, BODY_MAX);
  return (
    <div class="letter" role="region" aria-label={`Letter ${letter.number}`}>
      <dl class="facts-list">
        <dt>Number</dt>
        <dd class="num">{letter.number}</dd>
        {letter.sequence === null ? null : <Origin of={letter} />}
        <dt>Id</dt>
        <dd class="mono">
          <Text of={letter.key} />
        </dd>
        <dt>Given up</dt>
        <dd>
          <Time of={letter.timestamp} />
          {tries(letter)}
        </dd>
        {letter.ordered ? (
          <>
            <dt>Asked for</dt>
            <dd>
              {ORDERED[letter.ordered]}. {turn}
            </dd>
          </>
        ) : null}
        <dt>Last answer</dt>
        <dd>
          <Message of={letter.reason} />
        </dd>
      </dl>
      <div class="body-head">
        <h3>Body</h3>
        <span class="muted note">{bytes(letter.body_bytes)}</span>
        <span class="grow" />
        <Button class="small" act={() => copy((whole ?? letter).body)} unless={whole ? null : "It is still being read."}>
          Copy
        </Button>
      </div>
      {read.refusal ? <Problem of={read.refusal} retry={read.again} /> : null}
      <pre class="code" tabIndex={0}>
        <Text of={shown.text} lines />
        {shown.whole && (whole ?? letter).whole ? "" : "…"}
      </pre>
    </div>
  );
}

function Origin({ of: letter }: { of: Letter }) {
  return (
    <>
      <dt>Result</dt>
      <dd>
        <span class="mono">
          {letter.epoch}-{letter.sequence}
        </span>{" "}
        of <Text of={letter.query_id ?? ""} />
      </dd>
    </>
  );
}

function tries({ attempts, first_at, timestamp }: Letter): string {
  if (attempts === null) return "";
  const seconds = first_at === null ? 0 : (new Date(timestamp).getTime() - new Date(first_at).getTime()) / 1000;
  const within = attempts > 1 && seconds >= 1 ? ` in ${duration(seconds)}` : "";
  return `, after ${things(attempts, "attempt")}${within}`;
}
