/* The message of a reaction: its template, what would be sent next, and what becomes of the last results. */

import { useEffect, useRef, useState } from "preact/hooks";
import { asRefusal, isAborted, type Refusal } from "../data/client.ts";
import { tryMessage, type Made, type Tried } from "../data/reaction.ts";
import type { Node, Status } from "../data/types.ts";
import { Button, obstacle } from "../part/button.tsx";
import { Mark } from "../part/mark.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";
import { Text } from "../part/text.tsx";
import { bytes, count, things } from "../text.ts";
import { copy } from "./copy.ts";
import { askSave } from "./save-template.tsx";
import { useWoken } from "./use-woken.ts";

/** How long after the last key a template is tried, in milliseconds. */
const PAUSE = 300;

export function MessageView({ status, live }: { status: Status; live: Node | undefined }) {
  const [draft, setDraft] = useState<string | null>(null);
  const { tried, refusal, again } = useTried(status.id, draft, `${live?.epoch}-${live?.sequence}-${live?.lag}`);
  if (refusal && !tried) return <Problem of={refusal} retry={again} />;
  if (!tried) {
    return (
      <div class="late">
        <Skeleton height={240} />
      </div>
    );
  }
  const text = draft ?? tried.template ?? "";
  return (
    <>
      {refusal ? <Problem of={refusal} retry={again} /> : null}
      <div class="grid halves">
        <section class="card">
          <header>
            <h2>Template</h2>
            <span class="muted note">{tried.each === "diff" ? "a message for each diff" : "a message for each result"}</span>
            <span class="grow" />
            <Button class="small" act={() => copy(text)}>
              Copy
            </Button>
            <Button class="small" act={() => askSave(status, live, draft ?? "", () => setDraft(null))} unless={unsaved(draft, tried)}>
              Save...
            </Button>
            <Button class="small" act={() => setDraft(null)} unless={draft === null ? "It is the one in use." : null}>
              Revert
            </Button>
          </header>
          <div class="pad message">
            <label class="hidden" for="template">
              Template
            </label>
            <textarea
              id="template"
              class="template"
              spellcheck={false}
              value={text}
              placeholder="No template: the body is the result in JSON."
              onInput={(event) => setDraft(event.currentTarget.value)}
            />
            <span class="hidden" role="status">
              {isFine(tried) ? "The template works" : "The template fails"}
            </span>
            <Verdict of={tried} />
            <p class="muted note">What is written here is tried, and not kept until it is saved.</p>
          </div>
        </section>
        <section class="card">
          <header>
            <h2>What would be sent next</h2>
            <span class="muted note mono">{tried.next ? `${tried.next.epoch}-${tried.next.sequence}` : ""}</span>
          </header>
          <div class="pad message">{tried.next ? <Body of={tried.next} /> : <p class="muted">{nothingNext(tried)}</p>}</div>
        </section>
      </div>
      <Last of={tried} />
    </>
  );
}

/** Returns why a template cannot be saved; `null` if it can. */
function unsaved(draft: string | null, tried: Tried): string | null {
  if (draft === null) return "It is the one in use.";
  if (tried.template !== draft) return "It is being tried.";
  return tried.problem === null ? obstacle("administer") : "It is not a template: mend it first.";
}

/** Tries a template some time after it was written, and again when results have come. */
function useTried(id: string, draft: string | null, place: string) {
  const [tried, setTried] = useState<Tried | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [asked, setAsked] = useState(0);
  const isBusy = useRef(false);
  useEffect(() => {
    const closing = new AbortController();
    const attempt = async () => {
      isBusy.current = true;
      try {
        const found = await tryMessage(id, draft, closing.signal);
        if (closing.signal.aborted) return;
        setTried(found);
        setRefusal(null);
      } catch (error) {
        if (!closing.signal.aborted && !isAborted(error)) setRefusal(asRefusal(error));
      } finally {
        if (!closing.signal.aborted) isBusy.current = false;
      }
    };
    const timer = setTimeout(() => void attempt(), draft === null ? 0 : PAUSE);
    return () => {
      clearTimeout(timer);
      closing.abort();
      isBusy.current = false;
    };
  }, [id, draft, asked]);
  const again = async () => {
    // What is under way is not given up for newer results.
    if (!isBusy.current) setAsked((before) => before + 1);
  };
  useWoken(place, again);
  return { tried, refusal, again };
}

function nothingNext({ problem }: Tried): string {
  return problem === null ? "Nothing waits. The last results show what would have been sent." : "Nothing: the template fails.";
}

/** Returns whether the template works on everything that it was tried on. */
function isFine({ problem, failed }: Tried): boolean {
  return problem === null && failed === 0;
}

/** What came of trying it. */
function Verdict({ of }: { of: Tried }) {
  const { problem, failed, messages, results } = of;
  // The figures follow the results; whether it works is said when that has changed.
  return (
    <p class="tried-on">
      <Mark of={isFine(of) ? "caught_up" : "error"} />{" "}
      {problem !== null ? (
        <span class="mono">
          <Text of={problem} />
        </span>
      ) : messages === 0 ? (
        "There are no results yet to try it on."
      ) : failed === 0 ? (
        `Tried on the last ${things(results, "result")}, ${things(messages, "message")}: none fails.`
      ) : (
        `Tried on the last ${things(results, "result")}: ${count(failed)} of ${things(messages, "message")} cannot be made.`
      )}
      {of.truncated ? " More were left out: they are too many or too large." : ""}
    </p>
  );
}

function Last({ of }: { of: Tried }) {
  if (of.last.length === 0) return null;
  return (
    <section class="card">
      <header>
        <h2>{of.failed > 0 ? "Those that fail, and the last ones" : "Made of the last results"}</h2>
        <span class="muted note">
          {count(of.last.length)} of {count(of.messages)}
        </span>
      </header>
      <ul class="made-list message">
        {of.last.map((made) => (
          <li key={made.key}>
            <p class="made-of">
              <b class="mono">
                {made.epoch}-{made.sequence}
              </b>{" "}
              <span class="muted mono">
                <Text of={made.key} />
              </span>
            </p>
            <Body of={made} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A message, or why there is none. */
function Body({ of }: { of: Made }) {
  if (of.problem !== null) {
    return (
      <p class="bad mono">
        <Text of={of.problem} />
      </p>
    );
  }
  return (
    <>
      {of.address === null ? null : (
        <p class="note mono">
          to <Text of={of.address} />
        </p>
      )}
      <pre class="code" tabIndex={0}>
        <Text of={of.body ?? ""} lines />
        {of.whole ? "" : "…"}
      </pre>
      {of.whole ? null : <p class="muted note">The beginning of {bytes(of.body_bytes)}.</p>}
    </>
  );
}
