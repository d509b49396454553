/* Mends a piece of parked input: a corrected text is taken in in its place. */

import { useEffect, useRef, useState } from "preact/hooks";
import { mend } from "../data/actions.ts";
import { asRefusal, type Refusal } from "../data/client.ts";
import type { Parked } from "../data/types.ts";
import { Button } from "../part/button.tsx";
import { Problem } from "../part/problem.tsx";
import { say } from "../part/toast.tsx";

interface Props {
  source: string;
  of: Parked;
  after: () => Promise<void>;
  close: () => void;
}

export function Mend({ source, of, after, close }: Props) {
  const [text, setText] = useState(of.text);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const opened = useRef(document.activeElement);
  useEffect(() => field.current?.focus(), []);
  const leave = () => {
    close();
    if (opened.current instanceof HTMLElement) opened.current.focus();
  };
  const send = async () => {
    try {
      await mend(source, of.number, text);
    } catch (error) {
      setRefusal(asRefusal(error));
      return;
    }
    say(`Parked piece ${of.number}, as mended: requested.`);
    leave();
    await after();
  };
  return (
    <div
      class="mend"
      onKeyDown={(event) => {
        if (event.key === "Escape") leave();
      }}
    >
      <textarea
        ref={field}
        class="input"
        aria-label={`Corrected text of piece ${of.number}`}
        spellcheck={false}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      {refusal ? <Problem of={refusal} /> : null}
      <p class="muted note">Taken in as a new transaction in the place of the piece. What is refused again stays here, with its new reason.</p>
      <div class="do">
        <Button class="small primary" act={send} unless={text.trim() === "" ? "There is no text: drop the piece instead." : null}>
          Take this in
        </Button>
        <Button class="small" act={leave}>
          Cancel
        </Button>
      </div>
    </div>
  );
}
