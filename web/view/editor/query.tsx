/* The editor of queries: a text with its problems, what there is to match, its plan, a try, and what creating it does. */

import { useEffect, useRef, useState } from "preact/hooks";
import { of as address } from "../../data/client.ts";
import type { Diagnostic } from "../../data/diagnostic.ts";
import { Drafting } from "../../data/drafting.ts";
import { draftOf, EMPTY, keep, kept, type Draft, type Item } from "../../data/draft.ts";
import type { Definition } from "../../data/types.ts";
import { Button } from "../../part/button.tsx";
import { completing, cypher } from "../../part/editor/cypher.ts";
import { Editor, type Editing } from "../../part/editor/index.tsx";
import { Problem, Skeleton } from "../../part/problem.tsx";
import { Text } from "../../part/text.tsx";
import { useRead } from "../use-read.ts";
import { Commit } from "./commit.tsx";
import { Fields } from "./fields.tsx";
import { Problems, summary } from "./problems.tsx";
import { Results } from "./results.tsx";
import { namesOf, Stored, useStored } from "./stored.tsx";

const NONE: readonly Diagnostic[] = [];
const EXAMPLE = "MATCH (n)\nRETURN labels(n) AS labels, count(*) AS n";

/** The definition of the query that is changed, with its hash if the server gives one. */
export type Defined = Definition & { hash?: string };

/** The editor: of a new query, or of the query `id`. */
export function QueryEditor({ id }: { id: string | null }) {
  return id === null ? <Loaded of={null} before={null} key="new" /> : <Existing id={id} key={id} />;
}

function Existing({ id }: { id: string }) {
  const { answer, refusal, again } = useRead<Defined>(address("queries", id, "/definition"));
  if (refusal) return <Problem of={refusal} retry={again} />;
  if (!answer) return <Skeleton height={420} />;
  if (typeof answer.definition !== "object" || answer.definition === null) {
    return (
      <p class="note-line">
        <Text of={id} /> was made by the program that runs it, so it is changed there.
      </p>
    );
  }
  return <Loaded of={id} before={answer} />;
}

function Loaded({ of, before }: { of: string | null; before: Defined | null }) {
  const [drafting, set] = useState<Drafting | null>(null);
  const [isFromBefore, setFromBefore] = useState(false);
  const round = useRef(0);
  const original = before ? draftOf(before.definition as Item) : EMPTY;
  const begin = (draft: Draft | null) => {
    round.current += 1;
    setFromBefore(draft !== null);
    set((last) => {
      last?.close();
      return new Drafting(of, draft ?? original);
    });
  };
  useEffect(() => {
    begin(kept(of));
    return () =>
      set((last) => {
        last?.close();
        return null;
      });
  }, []);
  if (!drafting) return null;
  const forget = () => {
    keep(of, null);
    begin(null);
  };
  return <Open drafting={drafting} before={before} forget={isFromBefore ? forget : null} key={round.current} />;
}

interface OpenProps {
  drafting: Drafting;
  before: Defined | null;
  /** Goes back to what there was before; `null` if the draft is not one that was kept. */
  forget: (() => void) | null;
}

function Open({ drafting, before, forget }: OpenProps) {
  const draft = drafting.draft.value;
  const checked = drafting.checked.value;
  const editing = useRef<Editing | null>(null);
  const stored = useStored(draft.sources);
  const names = useRef(namesOf([], draft));
  names.current = namesOf(stored.kinds, draft);
  const complete = useRef(completing(() => names.current));
  return (
    <>
      <div class="head">
        <div>
          <h1>
            {drafting.of === null ? (
              "New query"
            ) : (
              <span>
                Edit <Text of={drafting.of} />
              </span>
            )}
          </h1>
          <p class="muted">
            {drafting.isKept.value ? "The draft is kept in this browser; only check and try send it." : "This browser keeps no drafts."}
          </p>
        </div>
        <div class="actions">
          {forget ? <Button act={forget}>Discard the draft</Button> : null}
          {drafting.of === null && draft.cypher.trim() === "" ? (
            <Button act={() => editing.current?.replace(EXAMPLE)}>Start from an example</Button>
          ) : null}
        </div>
      </div>
      <Fields drafting={drafting} />
      <div class="grid writing">
        <div class="grid">
          <section class="card text" aria-label="Text">
            <header>
              <h2>Cypher</h2>
              <span class="muted" id="problem-count">
                {summary(checked)}
              </span>
              <span class="grow" />
              <small class="muted keys">F8 next problem, Ctrl . fix, Ctrl Space complete</small>
            </header>
            <Editor
              label="Text of the query"
              text={draft.cypher}
              language={cypher}
              diagnostics={checked?.diagnostics ?? NONE}
              complete={complete.current}
              hint="MATCH (n) RETURN n.name AS name"
              onChange={(text) => drafting.change({ cypher: text })}
              onReady={(ready) => (editing.current = ready)}
            />
            <Problems drafting={drafting} editing={editing} />
          </section>
          <Stored of={stored} sources={draft.sources} />
        </div>
        <Results drafting={drafting} />
      </div>
      <Commit drafting={drafting} before={before} editing={editing} />
    </>
  );
}
