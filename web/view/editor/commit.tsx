/* The end of the editor: what creating or changing the query does, and the button that does it. */

import { to } from "../../app/routes.ts";
import { of as address, call } from "../../data/client.ts";
import { json, keep, yaml } from "../../data/draft.ts";
import type { Drafting } from "../../data/drafting.ts";
import { readNeeds } from "../../data/store.ts";
import type { Editing } from "../../part/editor/index.tsx";
import { Button, obstacle } from "../../part/button.tsx";
import { Text } from "../../part/text.tsx";
import { say, sayWhy } from "../../part/toast.tsx";
import { things } from "../../text.ts";
import { copy } from "../copy.ts";
import { node } from "../../data/store.ts";
import { useRead } from "../use-read.ts";
import type { Status } from "../../data/types.ts";
import type { Defined } from "./query.tsx";

interface Props {
  drafting: Drafting;
  before: Defined | null;
  editing: { current: Editing | null };
}

export function Commit({ drafting, before, editing }: Props) {
  const { of } = drafting;
  const draft = drafting.draft.value;
  const wrong = obstacle("administer") ?? why(drafting);
  const act = async () => {
    try {
      if (of === null) await call("/api/v1/queries", { method: "POST", body: json(draft), urgent: true });
      else await put(of, json(draft), before?.hash);
    } catch (error) {
      return sayWhy(error);
    }
    drafting.close();
    keep(of, null);
    void readNeeds();
    say(of === null ? `${draft.id} is being built.` : `${draft.id} is changed.`);
    location.hash = to("query", draft.id);
  };
  const toProblem = () => {
    const first = drafting.checked.peek()?.diagnostics.find(({ severity }) => severity === "error");
    if (first) editing.current?.goTo(first);
    if (wrong) say(wrong);
  };
  return (
    <section class="commit" aria-label={of === null ? "Create" : "Save"}>
      <div class="grow">
        <p id="commit-what">{wrong ?? (of === null ? <Creating drafting={drafting} /> : <Changing id={of} />)}</p>
        <p class="muted">
          {of === null
            ? "The store keeps it: it is there again after a restart. To have it in the file too, copy it as YAML."
            : before?.by === "file"
              ? "The store keeps the change. The file says something else then, until it says the same."
              : "The store keeps the change."}
        </p>
      </div>
      <div class="actions">
        <Button act={() => copy(yaml(draft))}>Copy YAML</Button>
        <Button class={wrong ? "" : "primary"} act={wrong ? toProblem : act} id="commit">
          {of === null ? "Create" : "Save"}
        </Button>
      </div>
    </section>
  );
}

/** Changes a query, if it is still the one that was edited. */
function put(id: string, body: string, hash: string | undefined): Promise<unknown> {
  return call(address("queries", id), { method: "PUT", body, urgent: true, match: hash ?? null });
}

/** Returns why the draft cannot be created or saved yet. */
function why(drafting: Drafting): string | null {
  const { id, cypher, sources } = drafting.draft.value;
  const checked = drafting.checked.value;
  if (cypher.trim() === "") return "Write the text of the query first.";
  if (sources.length === 0) return "Choose what the query reads.";
  if (id === "") return "Give the query an id.";
  if (!drafting.isCurrent.value || !checked) return "The text is being checked.";
  return checked.valid ? null : "Mend the error first.";
}

function Creating({ drafting }: { drafting: Drafting }) {
  const { sources } = drafting.draft.value;
  const elements = sources.reduce((sum, id) => sum + (node(id)?.rows ?? 0), 0);
  const isEmpty = drafting.checked.value?.diagnostics.some(({ code }) => code === "LW0820") ?? false;
  return (
    <>
      It is built from {things(elements, "stored element")}. No source is asked again, and nothing else waits for it.
      {isEmpty ? " It would have no rows for what a warning names." : ""}
    </>
  );
}

function Changing({ id }: { id: string }) {
  const { answer } = useRead<Status>(address("queries", id));
  const readers = answer?.read_by;
  return (
    <>
      Its rows are built again beside the old ones, which serve until then.{" "}
      {!readers ? null : readers.count === 0 ? (
        "Nothing reads it."
      ) : (
        <>
          {things(readers.count, "component")} that {readers.count === 1 ? "reads" : "read"} it{" "}
          {readers.count === 1 ? "receives" : "receive"} what differs, or {readers.count === 1 ? "does" : "do"} what{" "}
          {readers.count === 1 ? "its" : "their"} recovery policy says: <Text of={readers.ids.slice(0, 5).join(", ")} />
          {readers.count > 5 ? " and others" : ""}.
        </>
      )}
    </>
  );
}
