/* A source or a reaction as a text: new, or as it is, with what is wrong with it, what it would do, and what that costs. */

import { useRef, useState } from "preact/hooks";
import * as actions from "../../data/actions.ts";
import { asRefusal, call, of, type Refusal } from "../../data/client.ts";
import { foreseeSaving } from "../../data/foreseen.ts";
import { draft, keepDraft, type KindOf, type Written } from "../../data/items.ts";
import type { Diagnostic } from "../../data/diagnostic.ts";
import { print } from "../../data/json.ts";
import type { Ids } from "../../data/schema.ts";
import { nodesOf } from "../../data/store.ts";
import { section, type Definition } from "../../data/types.ts";
import { to } from "../../app/routes.ts";
import { Button, obstacle } from "../../part/button.tsx";
import { ask } from "../../part/dialog.tsx";
import { Editor, type Editing } from "../../part/editor/index.tsx";
import { completingItem } from "../../part/editor/items.ts";
import { yaml } from "../../part/editor/yaml.ts";
import { Problem, Skeleton } from "../../part/problem.tsx";
import { Text } from "../../part/text.tsx";
import { say } from "../../part/toast.tsx";
import { Conflict } from "../conflict.tsx";
import { Faults } from "./faults.tsx";
import { Changing } from "../saving.tsx";
import { Tried } from "./tried.tsx";
import { useChecked } from "./use-checked.ts";
import { useRead } from "../use-read.ts";
import { useKinds } from "./use-kinds.ts";

const NONE: readonly Diagnostic[] = [];

/** A new one, which begins as the example of its kind. */
export function NewItem({ kind }: { kind: Written }) {
  const { kinds: all, refusal } = useKinds(kind);
  const [chosen, choose] = useState<string | null>(null);
  if (refusal) return <Problem of={refusal} />;
  if (!all) return <Skeleton height={320} />;
  const one = all.find((known) => known.kind === chosen) ?? all[0];
  return (
    <>
      <div class="head">
        <h1>New {kind}</h1>
      </div>
      <section class="card">
        <div class="tools">
          <select class="input" aria-label="Kind" value={one?.kind ?? ""} onChange={(event) => choose(event.currentTarget.value)}>
            {all.map((known) => (
              <option key={known.kind} value={known.kind}>
                {known.kind}
              </option>
            ))}
          </select>
          <span class="muted">{one?.description}.</span>
        </div>
        <Form key={one?.kind} kind={kind} about={`new ${kind} ${one?.kind}`} begin={one?.example ?? ""} now={null} kinds={all} />
      </section>
    </>
  );
}

/** One that is there. */
export function EditItem({ kind, id }: { kind: Written; id: string }) {
  const { answer, refusal, again } = useRead<Definition>(of(section(kind), id, "/definition"));
  // Without them nothing is completed, and the text can be changed all the same.
  const { kinds } = useKinds(kind);
  if (refusal) return <Problem of={refusal} retry={again} />;
  if (!answer) return <Skeleton height={320} />;
  return (
    <>
      <div class="head">
        <h1>
          <Text of={id} />
        </h1>
      </div>
      <section class="card">
        <Form kind={kind} about={`${kind} ${id}`} begin={answer.text ?? ""} now={answer} kinds={kinds ?? []} />
      </section>
    </>
  );
}

interface FormProps {
  kind: Written;
  /** What a draft is kept under. */
  about: string;
  begin: string;
  /** What is there; `null` for a new one. */
  now: Definition | null;
  kinds: readonly KindOf[];
}

/** The ids that an item may name. */
const ids: Ids = (field) => nodesOf(field === "after" ? "source" : "query").map(({ id }) => id);

function Form({ kind, about, begin, now, kinds }: FormProps) {
  const [text, setText] = useState(draft(about) ?? begin);
  const [hash, setHash] = useState(now?.hash ?? null);
  const [other, setOther] = useState<Definition | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const editing = useRef<Editing | null>(null);
  const known = useRef(kinds);
  known.current = kinds;
  const complete = useRef(completingItem(() => known.current, ids));
  const { checked, last, refusal: unchecked } = useChecked(kind, text);
  const write = (next: string) => {
    setText(next);
    keepDraft(about, next === begin ? null : next);
  };
  const isNew = now === null;
  const id = now?.id ?? checked?.id ?? "";
  const wrong = checked && !checked.valid ? "Mend what is wrong first." : null;
  const waits = checked ? null : "It is being checked.";

  /** Reads what is there by now, to show both. */
  const meet = async (error: unknown) => {
    const why = asRefusal(error);
    if (why.status !== 412) return setRefusal(why);
    setOther(await call<Definition>(of(section(kind), id, "/definition"), { urgent: true }));
  };
  const save = async () => {
    if (!checked?.valid) return;
    const definition = print(checked.definition);
    setRefusal(null);
    try {
      const foreseen = await foreseeSaving(kind, id, definition, isNew, hash);
      ask({
        title: isNew ? `Create ${id}?` : `Change ${id}?`,
        body: <Changing of={foreseen} text={text} />,
        verb: isNew ? "Create" : "Change",
        keep: "Not yet",
        destroys: false,
        typed: null,
        act: async () => {
          try {
            await actions.save(kind, id, definition, isNew, foreseen.hash);
          } catch (error) {
            if (asRefusal(error).status !== 412) throw error;
            return meet(error);
          }
          keepDraft(about, null);
          location.hash = to(kind, id);
          say(isNew ? `${id} is created.` : `${id} is changed.`);
        },
      });
    } catch (error) {
      await meet(error).catch((next: unknown) => setRefusal(asRefusal(next)));
    }
  };
  return (
    <div class="form">
      {other ? (
        <Conflict
          of={other}
          take={() => {
            setHash(other.hash);
            editing.current?.replace(other.text ?? "");
            setOther(null);
          }}
          keep={() => {
            setHash(other.hash);
            setOther(null);
          }}
        />
      ) : null}
      <Editor
        label={isNew ? `The ${kind} in YAML` : `${id} in YAML`}
        text={text}
        language={yaml}
        diagnostics={last?.diagnostics ?? NONE}
        complete={complete.current}
        onChange={write}
        onReady={(ready) => (editing.current = ready)}
      />
      <small class="muted keys">F8 next problem, Ctrl . fix, Ctrl Space complete</small>
      <Faults of={last} isCurrent={checked !== null} refusal={unchecked} editing={editing} />
      {refusal ? <Problem of={refusal} /> : null}
      <div class="buttons">
        <Button class="primary" act={save} unless={obstacle("administer") ?? wrong ?? waits}>
          {isNew ? "Create..." : "Change..."}
        </Button>
        <Tried kind={kind} text={text} unless={obstacle("administer") ?? wrong ?? waits} />
        <span class="muted note">
          Secrets are written as <code>{"${NAME}"}</code>, with a name that <code>server.allowed_environment</code> lists.
        </span>
      </div>
    </div>
  );
}
