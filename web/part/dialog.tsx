/* Dialogs that say first what something costs. */

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { asRefusal, type Refusal } from "../data/client.ts";
import { Button } from "./button.tsx";
import { Problem } from "./problem.tsx";

export interface Question {
  title: string;
  body: ComponentChildren;
  /** What the button that does it says; without one there is nothing to do. */
  verb: string | null;
  keep: string;
  destroys: boolean;
  /** What has to be typed first, for what cannot be undone. */
  typed: string | null;
  act: () => Promise<void>;
}

const question = signal<Question | null>(null);

/** Asks a person before something is done. */
export function ask(next: Question): void {
  question.value = next;
}

/** The dialog that is open, if one is. */
export function Dialog() {
  const asked = question.value;
  return asked ? <Open of={asked} key={asked.title} /> : null;
}

function Open({ of }: { of: Question }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  useModal(dialog);
  const act = async () => {
    try {
      await of.act();
      // Another question may have been asked meanwhile.
      if (question.value === of) question.value = null;
    } catch (error) {
      setRefusal(asRefusal(error));
    }
  };
  const missing = of.typed !== null && typed !== of.typed ? `Type ${of.typed} first.` : null;
  const submit = (event: Event) => {
    event.preventDefault();
    dialog.current?.querySelector<HTMLElement>("footer .verb")?.click();
  };
  return (
    <dialog ref={dialog} aria-labelledby="question" onClose={() => (question.value = null)}>
      <form class="pad" onSubmit={submit}>
        <h2 id="question">{of.title}</h2>
        {of.body}
        {of.typed !== null ? (
          <label class="typed">
            <span>
              Type <b>{of.typed}</b> to do it
            </span>
            <input
              class="input mono"
              autocomplete="off"
              spellcheck={false}
              value={typed}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          </label>
        ) : null}
        {refusal ? <Problem of={refusal} /> : null}
      </form>
      <footer>
        <Button act={() => dialog.current?.close()}>{of.keep}</Button>
        {of.verb ? (
          <Button class={of.destroys ? "verb danger" : "verb primary"} act={act} unless={missing}>
            {of.verb}
          </Button>
        ) : null}
      </footer>
    </dialog>
  );
}

/** Opens a dialog that was drawn, and gives the focus back where it was once it closes. */
export function useModal(dialog: { current: HTMLDialogElement | null }): void {
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
}
