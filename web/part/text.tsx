/* Text from outside, times and values as they are shown. The rule is in `text.ts`. */

import type { ComponentChildren } from "preact";
import { now } from "../data/paint.ts";
import { Exact, print, type Value } from "../data/json.ts";
import { clock, cut, duration, pieces, zoned } from "../text.ts";

/** Text from outside, apart from the direction of what is around it. */
export function Text({ of, lines = false }: { of: string; lines?: boolean }) {
  return <bdi>{shown(of, lines)}</bdi>;
}

function shown(text: string, lines: boolean): ComponentChildren {
  return pieces(text, lines).map((piece) =>
    "plain" in piece ? (
      piece.plain
    ) : (
      <span class="strange" data-is={piece.strange} title="a character that cannot be seen">
        {piece.name}
      </span>
    ),
  );
}

/** A message of the server: what it puts between backticks is code. */
export function Message({ of }: { of: string }) {
  const parts = of.split(/`([^`]+)`/);
  return (
    <bdi>
      {parts.map((part, index) => (index % 2 === 1 ? <code>{shown(part, true)}</code> : shown(part, true)))}
    </bdi>
  );
}

/** A moment, in local time. */
export function Time({ of }: { of: string | number | Date }) {
  const moment = new Date(of);
  return (
    <time class="num" dateTime={moment.toISOString()} title={zoned(moment)}>
      {clock(moment)}
    </time>
  );
}

/** How long ago a moment was. */
export function Since({ of }: { of: string }) {
  const seconds = Math.max(0, (now.value - new Date(of).getTime()) / 1000);
  return (
    <time dateTime={of} title={zoned(new Date(of))}>
      {seconds < 60 ? "less than a minute" : duration(seconds - (seconds % 60))}
    </time>
  );
}

/** How much of a value a cell shows; all of it is in the panel. */
const CELL_MAX = 120;

/** Returns whether a value belongs to the right. */
export function isNumber(value: Value | undefined): boolean {
  return typeof value === "number" || value instanceof Exact;
}

/** Text that would read as another kind of value. */
const READS_AS_OTHER = /^(?:null|true|false|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|\s.*|.*\s|".*")$/s;

/** A value in a cell: `null`, `""`, `"null"`, `1` and `"1"` look different. */
export function Cell({ value }: { value: Value | undefined }) {
  if (value === undefined) return null;
  if (value === null) return <i class="word">null</i>;
  if (typeof value === "string") return <Quoted text={value} most={CELL_MAX} />;
  if (typeof value === "boolean") return <i class="word set">{String(value)}</i>;
  if (isNumber(value)) return <>{print(value)}</>;
  const text = cut(print(value), CELL_MAX);
  return (
    <code class="data">
      <Text of={text.text} />
      {text.whole ? "" : "…"}
    </code>
  );
}

function Quoted({ text, most }: { text: string; most: number }) {
  if (text === "" || READS_AS_OTHER.test(text)) {
    return (
      <>
        <span class="quote">"</span>
        <Text of={text} />
        <span class="quote">"</span>
      </>
    );
  }
  const { text: kept, whole } = cut(text, most);
  return (
    <>
      <Text of={kept} />
      {whole ? "" : "…"}
    </>
  );
}

/** How much of one value the panel shows; a download has all of it. */
const WHOLE_MAX = 20_000;

/** A value with all that it holds, on lines of its own. */
export function Whole({ value }: { value: Value | undefined }) {
  if (typeof value === "object" && value !== null && !(value instanceof Exact)) {
    const { text, whole } = cut(print(value, "\n"), WHOLE_MAX);
    return (
      <pre class="code">
        <Text of={text} lines />
        {whole ? "" : "…"}
      </pre>
    );
  }
  if (typeof value === "string") return <Quoted text={value} most={WHOLE_MAX} />;
  return <Cell value={value} />;
}

/** Has copied text be what it stands for, not the boxes that show it. */
export function copyOriginals(): void {
  document.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (!selection || selection.rangeCount === 0 || !event.clipboardData) return;
    const copied = selection.getRangeAt(0).cloneContents();
    const boxes = copied.querySelectorAll<HTMLElement>(".strange");
    if (boxes.length === 0) return;
    for (const box of boxes) box.replaceWith(box.dataset["is"] ?? "");
    event.clipboardData.setData("text/plain", copied.textContent ?? "");
    event.preventDefault();
  });
}
