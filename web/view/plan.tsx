/* The text of a query, what it is made of, and the plan by which it is maintained. */

import { useState } from "preact/hooks";
import { of } from "../data/client.ts";
import { pieces, type Operator, type PlanData } from "../data/plan.ts";
import type { Definition } from "../data/types.ts";
import { Button } from "../part/button.tsx";
import { Cypher } from "../part/cypher.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";
import { PlanPicture, type Marking } from "../part/plan-picture.tsx";
import { Text } from "../part/text.tsx";
import { copy } from "./copy.ts";
import { Made } from "./definition.tsx";
import { useRead } from "./use-read.ts";

interface Explained extends Partial<PlanData> {
  cypher: string;
  columns: string[];
  plan: string;
}

export function Plan({ id }: { id: string }) {
  const { answer, refusal, again } = useRead<Explained>(of("queries", id, "/explain"));
  const [marked, mark] = useState<number | null>(null);
  const definition = useRead<Definition>(of("queries", id, "/definition"));
  if (refusal) return <Problem of={refusal} retry={again} />;
  if (!answer) {
    return (
      <div class="late">
        <Skeleton height={320} />
      </div>
    );
  }
  const marking = { marked, mark };
  return (
    <div class="grid halves">
      <section class="card">
        <header>
          <h2>Text</h2>
          <span class="grow" />
          <Button class="small" act={() => copy(answer.cypher)}>
            Copy
          </Button>
        </header>
        <pre class="code pad" tabIndex={0}>
          <Marked of={answer.cypher.trimEnd()} operators={answer.operators ?? []} marking={marking} />
        </pre>
        <div class="pad ruled">
          {definition.refusal ? <Problem of={definition.refusal} retry={definition.again} /> : null}
          {definition.answer ? <Made of={definition.answer} leave={["id", "cypher"]} again={definition.again} /> : null}
        </div>
      </section>
      <section class="card">
        <header>
          <h2>Plan</h2>
          <span class="grow" />
          <Button class="small" act={() => copy(answer.plan)}>
            Copy
          </Button>
        </header>
        {answer.pattern && answer.operators ? (
          <div class="pad">
            <PlanPicture of={{ pattern: answer.pattern, operators: answer.operators }} text={answer.cypher} marking={marking} />
            <p class="muted note">Rows in and out are counted since the query was started. Point at a step to see the words that it comes from.</p>
          </div>
        ) : null}
        <details class="pad ruled" open={!answer.operators}>
          <summary>As text</summary>
          <pre class="code" tabIndex={0}>
            <Text of={answer.plan.trimEnd()} lines />
          </pre>
        </details>
      </section>
    </div>
  );
}

interface MarkedProps {
  of: string;
  operators: Operator[];
  marking: Marking;
}

/** The text of a query, in which the words of the operator that is pointed at are marked, and which says where one points. */
function Marked({ of: text, operators, marking }: MarkedProps) {
  const span = operators.find(({ id }) => id === marking.marked)?.span;
  return (
    <>
      {pieces(text, operators).map(({ text: words, start, operator }) => (
        <span
          key={start}
          data-marked={span && span.start <= start && start < span.end ? "" : undefined}
          onPointerEnter={() => marking.mark(operator)}
          onPointerLeave={() => marking.mark(null)}
        >
          <Cypher of={words} />
        </span>
      ))}
    </>
  );
}
