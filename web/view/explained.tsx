/* Why a row is here, or why it is not: the answer above, then each step on the way. */

import { diffOf, type Explanation } from "../data/why.ts";
import { Button } from "../part/button.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";
import { Steps } from "../part/step.tsx";
import { Cell, Message, Text, Time } from "../part/text.tsx";
import { count, things } from "../text.ts";
import { Changes, Sign } from "./change.tsx";
import type { ReadState } from "./use-read.ts";

/** An explanation, while it is computed and once it is there. */
export function Explained({ of, columns }: { of: ReadState<Explanation>; columns: readonly string[] }) {
  const { answer, refusal, again } = of;
  if (refusal) return <Problem of={refusal} retry={again} />;
  if (!answer) {
    return (
      <div class="late">
        <Skeleton height={180} />
      </div>
    );
  }
  return (
    <section class="explained" aria-live="polite">
      <Answer of={answer} />
      <Steps of={answer.steps} />
      <Past of={answer} columns={columns} />
      <p class="muted note as-of">
        <span>
          as of <span class="mono">{`${answer.epoch}-${answer.sequence}`}</span>, position {count(answer.position)}
        </span>
        <Button class="small" act={again}>
          Explain again
        </Button>
      </p>
    </section>
  );
}

/** The answer in one sentence. */
function Answer({ of }: { of: Explanation }) {
  const decides = of.steps.find((step) => step.ok === false);
  return (
    <>
      <p class="answer" data-here={of.here ? "" : undefined}>
        <b>{of.here ? "It is here: every step holds." : "It is not here."}</b>
        {of.here || !decides ? null : (
          <>
            {" "}
            It ends at <code>
              <Text of={decides.text} />
            </code>
            {decides.used.map(({ text, value }) => (
              <span key={text}>
                , where{" "}
                <code>
                  <Text of={text} />
                </code>{" "}
                is <Cell value={value} />
              </span>
            ))}
            .
          </>
        )}
      </p>
      {of.here && of.rows > 1 ? <p class="muted">{things(of.rows, "row")} are like that; this is the first.</p> : null}
      {of.note ? (
        <p class="note-line">
          <Message of={of.note} />
        </p>
      ) : null}
    </>
  );
}

/** How many of its changes are shown. */
const HISTORY_MAX = 20;

/** What became of the row, newest first. */
function Past({ of, columns }: { of: Explanation; columns: readonly string[] }) {
  if (of.history.length === 0) return null;
  return (
    <>
      <h3>What became of it</h3>
      <ol class="history">
        {of.history.slice(-HISTORY_MAX).reverse().map((happened) => {
          const diff = diffOf(happened);
          return (
            <li key={happened.sequence}>
              <Time of={happened.time} />
              <Sign of={diff.type} />
              <span>
                <Changes of={diff} columns={columns} />{" "}
                <span class="muted note">
                  <span class="mono">{`${of.epoch}-${happened.sequence}`}</span>, position {count(happened.position)}
                </span>
              </span>
            </li>
          );
        })}
      </ol>
      <p class="muted note">
        The outbox goes back to <span class="mono">{`${of.epoch}-${of.history_from}`}</span>.
      </p>
    </>
  );
}
