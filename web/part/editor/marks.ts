/* Problems as marks in the text: they move with it, F8 goes from one to the next, Ctrl . mends the one at the caret. */

import { StateEffect, StateField, type ChangeSet, type Extension } from "@codemirror/state";
import { Decoration, EditorView, hoverTooltip, keymap, type Command, type DecorationSet } from "@codemirror/view";
import type { Diagnostic, Span } from "../../data/diagnostic.ts";

const setDiagnostics = StateEffect.define<readonly Diagnostic[]>();

interface Marked {
  /** The problems as they were given. */
  given: readonly Diagnostic[];
  /** These problems, each where it is by now. */
  diagnostics: readonly Diagnostic[];
  marks: DecorationSet;
}

/** Returns a place within a text of this length; one that is empty covers the character before or behind it. */
function within({ start, end }: Span, length: number): { from: number; to: number } {
  const from = Math.min(start, length);
  const to = Math.min(Math.max(end, from), length);
  if (from < to) return { from, to };
  return from < length ? { from, to: from + 1 } : { from: Math.max(0, from - 1), to: from };
}

function marksOf(diagnostics: readonly Diagnostic[], length: number): DecorationSet {
  const marks = diagnostics.flatMap((of) => {
    const { from, to } = within(of.span, length);
    return from < to ? [Decoration.mark({ class: `mark-${of.severity}` }).range(from, to)] : [];
  });
  return Decoration.set(marks, true);
}

function moved(span: Span, changes: ChangeSet): Span {
  return { start: changes.mapPos(span.start, 1), end: changes.mapPos(span.end, -1) };
}

const marked = StateField.define<Marked>({
  create: () => ({ given: [], diagnostics: [], marks: Decoration.none }),
  update(before, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(setDiagnostics)) continue;
      return { given: effect.value, diagnostics: effect.value, marks: marksOf(effect.value, transaction.newDoc.length) };
    }
    if (!transaction.docChanged) return before;
    const { changes } = transaction;
    const diagnostics = before.diagnostics.map((of) => ({
      ...of,
      span: moved(of.span, changes),
      // What was suggested for a text that is gone is not done to another.
      edits: of.edits.filter(({ span }) => changes.touchesRange(span.start, span.end) === false).map((edit) => ({
        ...edit,
        span: moved(edit.span, changes),
      })),
    }));
    return { given: before.given, diagnostics, marks: before.marks.map(changes) };
  },
  provide: (field) => EditorView.decorations.from(field, ({ marks }) => marks),
});

/** Shows these problems of the text as it is now. */
export function mark(view: EditorView, diagnostics: readonly Diagnostic[]): void {
  view.dispatch({ effects: setDiagnostics.of(diagnostics) });
}

/** Returns a problem that was given where it is by now. */
export function current(view: EditorView, given: Diagnostic): Diagnostic | undefined {
  const { given: all, diagnostics } = view.state.field(marked);
  return diagnostics[all.indexOf(given)];
}

/** Mends a problem as its first edit says, puts the caret behind, and gives the text the focus. */
export function mend(view: EditorView, { edits: [edit] }: Diagnostic): boolean {
  if (!edit) return false;
  const { start, end } = edit.span;
  view.dispatch({
    changes: { from: start, to: end, insert: edit.text },
    selection: { anchor: start + edit.text.length },
    userEvent: "input.mend",
    scrollIntoView: true,
  });
  view.focus();
  return true;
}

/** Puts the caret at a problem. */
export function goTo(view: EditorView, { span }: Diagnostic): void {
  const { from } = within(span, view.state.doc.length);
  view.dispatch({ selection: { anchor: Math.min(span.start, view.state.doc.length) || from }, scrollIntoView: true });
  view.focus();
}

function ordered(view: EditorView): Diagnostic[] {
  return [...view.state.field(marked).diagnostics].sort((a, b) => a.span.start - b.span.start);
}

const toNext: Command = (view) => {
  const all = ordered(view);
  const at = view.state.selection.main.head;
  const next = all.find(({ span }) => span.start > at) ?? all[0];
  if (next) goTo(view, next);
  return next !== undefined;
};

/** Mends the problem at the caret; if there is none, the first that can be mended. */
const mendHere: Command = (view) => {
  const can = ordered(view).filter(({ edits }) => edits.length > 0);
  const at = view.state.selection.main.head;
  const here = can.find(({ span }) => span.start <= at && at <= span.end) ?? can[0];
  return here !== undefined && mend(view, here);
};

const hover = hoverTooltip((view, at) => {
  const here = ordered(view).filter(({ span }) => {
    const { from, to } = within(span, view.state.doc.length);
    return from <= at && at <= to;
  });
  const [first] = here;
  if (!first) return null;
  const create = () => {
    const dom = document.createElement("div");
    for (const { message, help, severity } of here) {
      const line = dom.appendChild(document.createElement("p"));
      line.className = `tip-${severity}`;
      line.textContent = help === null ? message : `${message}; ${help}`;
    }
    return { dom };
  };
  return { pos: within(first.span, view.state.doc.length).from, create };
});

/** Marks, keys and the words of a problem under the pointer. */
export const problems: Extension = [
  marked,
  hover,
  keymap.of([
    { key: "F8", run: toNext, preventDefault: true },
    { key: "Mod-.", run: mendHere, preventDefault: true },
  ]),
];
