/* Where the rows of a query end: how many are left after each part of the pattern and each condition. */

import { pathOf, type Funnel as Answer, type Known, type Step } from "../data/why.ts";
import { Button } from "../part/button.tsx";
import { Cypher } from "../part/cypher.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";
import { count, things } from "../text.ts";
import { useRead } from "./use-read.ts";

const STOPPED = {
  time: "It took too long and was given up",
  memory: "It would have taken too much memory and was given up",
  matches: "It has too many partial matches and was given up",
};

/** Counts, with values for the parameters of `for_each` if the query has some. */
export function Funnel({ id, parameters = [] }: { id: string; parameters?: Known["parameters"] }) {
  const { answer, refusal, again } = useRead<Answer>(pathOf(id, "funnel", parameters), null, { long: true });
  if (refusal) return <Problem of={refusal} retry={again} />;
  if (!answer) {
    return (
      <div class="late">
        <Skeleton height={120} />
      </div>
    );
  }
  const most = Math.max(1, ...answer.steps.map((step) => step.left ?? 0));
  const end = answer.steps.findIndex((step) => step.left === 0);
  return (
    <div class="funnel">
      <ol>
        {answer.steps.map((step, index) => (
          <Left of={step} key={index} most={most} isEnd={index === end} />
        ))}
      </ol>
      {answer.stopped === null ? null : (
        <p class="note-line" data-severity="warning">
          {STOPPED[answer.stopped]}; these counts are what there is at least.
        </p>
      )}
      <p class="muted note as-of">
        <span>
          {answer.rows === null ? "" : `${things(answer.rows, "row")} `}as of <span class="mono">{`${answer.epoch}-${answer.sequence}`}</span>
        </span>
        <Button class="small" act={again}>
          Count again
        </Button>
      </p>
    </div>
  );
}

function Left({ of, most, isEnd }: { of: Step; most: number; isEnd: boolean }) {
  return (
    <li data-end={isEnd ? "" : undefined}>
      <code>
        <Cypher of={of.text} />
      </code>
      <span class="num">{of.left === null ? "" : count(of.left)}</span>
      <meter min={0} max={most} value={of.left ?? 0} aria-hidden="true" />
    </li>
  );
}
