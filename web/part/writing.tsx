/* A text that a person writes, with the lines that have problems marked beside it. */

import { useEffect, useRef } from "preact/hooks";

export interface Place {
  start: number;
  end: number;
}

export interface WritingProps {
  label: string;
  text: string;
  isWrong: boolean;
  /** What is selected when it changes: where a problem is. */
  selected: Place | null;
  change: (text: string) => void;
}

/** Rows that are shown at least and at most. */
const ROWS_MIN = 12;
const ROWS_MAX = 32;

export function Writing({ label, text, isWrong, selected, change }: WritingProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const field = area.current;
    if (!field || !selected) return;
    field.focus();
    field.setSelectionRange(selected.start, Math.max(selected.start, selected.end));
  }, [selected]);
  const rows = Math.min(ROWS_MAX, Math.max(ROWS_MIN, text.split("\n").length + 1));
  return (
    <textarea
      ref={area}
      class="input mono writing"
      aria-label={label}
      aria-invalid={isWrong || undefined}
      aria-describedby="problems"
      spellcheck={false}
      autocomplete="off"
      autocapitalize="off"
      wrap="off"
      rows={rows}
      value={text}
      onInput={(event) => change(event.currentTarget.value)}
    />
  );
}
