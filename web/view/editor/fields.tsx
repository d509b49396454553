/* What a query has beside its text: its id, what it reads, its parameters. */

import type { Drafting } from "../../data/drafting.ts";
import { EACH_TYPES, type Each, type Param } from "../../data/draft.ts";
import { nodesOf, world } from "../../data/store.ts";
import { painted } from "../../data/paint.ts";
import { Button } from "../../part/button.tsx";
import { Text } from "../../part/text.tsx";

export function Fields({ drafting }: { drafting: Drafting }) {
  const { id, params, forEach } = drafting.draft.value;
  return (
    <div class="fields">
      {drafting.of === null ? (
        <label>
          <span>Id</span>
          <input
            class="input mono"
            id="draft-id"
            autocomplete="off"
            spellcheck={false}
            value={id}
            onInput={(event) => drafting.change({ id: event.currentTarget.value.trim() })}
          />
        </label>
      ) : null}
      <Sources drafting={drafting} />
      {params.length + forEach.length > 0 ? <Parameters drafting={drafting} /> : null}
      <div class="more">
        <Button class="small" act={() => drafting.change({ params: [...params, { name: "", value: "" }] })}>
          Add a parameter
        </Button>
        <Button class="small" act={() => drafting.change({ forEach: [...forEach, { name: "", type: "text" }] })}>
          Add for_each
        </Button>
      </div>
    </div>
  );
}

function Sources({ drafting }: { drafting: Drafting }) {
  painted.value;
  const { sources } = drafting.draft.value;
  const known = [...nodesOf("source"), ...nodesOf("query")].map(({ id }) => id).filter((id) => id !== drafting.of);
  const all = [...known, ...sources.filter((id) => !known.includes(id))];
  const choose = (id: string, isRead: boolean) => {
    const others = drafting.draft.peek().sources.filter((other) => other !== id);
    drafting.change({ sources: isRead ? [...others, id] : others });
  };
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const input = (event.currentTarget as HTMLFormElement).elements.namedItem("source") as HTMLInputElement;
    const id = input.value.trim();
    if (id !== "" && !sources.includes(id)) choose(id, true);
    input.value = "";
  };
  return (
    <fieldset>
      <legend>Reads</legend>
      <div class="sources">
        {all.map((id) => (
          <label key={id}>
            <input type="checkbox" checked={sources.includes(id)} onChange={(event) => choose(id, event.currentTarget.checked)} />
            <Text of={id} />
          </label>
        ))}
        {world.whole ? null : (
          <form onSubmit={add}>
            <input class="input mono" name="source" aria-label="The id of another source or query" placeholder="another id, then Enter" />
          </form>
        )}
        {all.length === 0 ? <span class="muted">There is no source yet.</span> : null}
      </div>
    </fieldset>
  );
}

function Parameters({ drafting }: { drafting: Drafting }) {
  const { params, forEach } = drafting.draft.value;
  const param = (at: number, change: Partial<Param> | null) => drafting.change({ params: changed(params, at, change) });
  const each = (at: number, change: Partial<Each> | null) => drafting.change({ forEach: changed(forEach, at, change) });
  return (
    <div class="parameters">
      {params.map((one, at) => (
        <div class="parameter" key={`param ${at}`}>
          <Name of={one.name} put={(name) => param(at, { name })} />
          <label>
            <span>Value, JSON or a text</span>
            <input class="input mono" spellcheck={false} value={one.value} onInput={(event) => param(at, { value: event.currentTarget.value })} />
          </label>
          <Button class="small quiet" label={`Leave out the parameter ${one.name}`} act={() => param(at, null)}>
            Leave out
          </Button>
        </div>
      ))}
      {forEach.map((one, at) => (
        <div class="parameter" key={`each ${at}`}>
          <Name of={one.name} put={(name) => each(at, { name })} />
          <label>
            <span>For each</span>
            <select class="input" value={one.type} onChange={(event) => each(at, { type: event.currentTarget.value })}>
              {EACH_TYPES.map((type) => (
                <option key={type}>{type}</option>
              ))}
            </select>
          </label>
          <Button class="small quiet" label={`Leave out for_each ${one.name}`} act={() => each(at, null)}>
            Leave out
          </Button>
        </div>
      ))}
    </div>
  );
}

function Name({ of, put }: { of: string; put: (name: string) => void }) {
  return (
    <label>
      <span>Parameter $</span>
      <input class="input mono" autocomplete="off" spellcheck={false} value={of} onInput={(event) => put(event.currentTarget.value.trim())} />
    </label>
  );
}

/** Returns a list in which one is changed, or left out. */
function changed<T>(all: T[], at: number, change: Partial<T> | null): T[] {
  return all.flatMap((one, index) => (index !== at ? [one] : change === null ? [] : [{ ...one, ...change }]));
}
