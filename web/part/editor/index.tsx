/*
 * An editor of texts: CodeMirror in a shadow root, where its styles are adopted sheets, as the policy of the page wants it.
 *
 * Only `view/editor` and what is imported there may import this: it is loaded when an editor is opened.
 */

import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type CompletionSource } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit, type Language } from "@codemirror/language";
import { EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { useEffect, useRef } from "preact/hooks";
import type { Diagnostic } from "../../data/diagnostic.ts";
import { look } from "./look.ts";
import { current, goTo, mark, mend, problems } from "./marks.ts";

/** What can be done to the text from outside. */
export interface Editing {
  /** Puts the caret at a problem. */
  goTo: (diagnostic: Diagnostic) => void;
  /** Does what the first edit of a problem says, if the text there is still the one that it is about. */
  mend: (diagnostic: Diagnostic) => void;
  /** Puts a text in the place of the one that is there; that can be undone. */
  replace: (text: string) => void;
  focus: () => void;
}

export interface EditorProps {
  /** What a reader of the screen calls it. */
  label: string;
  /** The text to begin with. From then on it is what is typed, and what `Editing.replace` puts in its place. */
  text: string;
  language: Language;
  /** What was found wrong with the text; until there is something newer, the marks stay and move with it. */
  diagnostics: readonly Diagnostic[];
  complete?: CompletionSource;
  hint?: string;
  onChange: (text: string) => void;
  onReady?: (editing: Editing) => void;
}

/** A text with its problems marked, in which F8 goes to the next problem and Ctrl . mends it. */
export function Editor(props: EditorProps) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    if (!box.current) return;
    const own = open(box.current, latest.current, (text) => latest.current.onChange(text));
    view.current = own;
    latest.current.onReady?.({
      goTo: (diagnostic) => goTo(own, current(own, diagnostic) ?? diagnostic),
      mend: (diagnostic) => {
        const now = current(own, diagnostic);
        if (now) mend(own, now);
      },
      replace: (text) => own.dispatch({ changes: { from: 0, to: own.state.doc.length, insert: text } }),
      focus: () => own.focus(),
    });
    return () => {
      view.current = null;
      own.destroy();
    };
  }, []);
  useEffect(() => {
    if (view.current) mark(view.current, props.diagnostics);
  }, [props.diagnostics]);
  return <div class="editor" ref={box} />;
}

function open(box: HTMLDivElement, props: EditorProps, onChange: (text: string) => void): EditorView {
  const root = box.shadowRoot ?? box.attachShadow({ mode: "open" });
  const { label, text, language, complete, hint } = props;
  const extensions = [
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightSpecialChars(),
    history(),
    drawSelection(),
    indentOnInput(),
    indentUnit.of("  "),
    bracketMatching(),
    closeBrackets(),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocapitalize: "off" }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) onChange(update.state.doc.toString());
    }),
    ...(hint === undefined ? [] : [placeholder(hint)]),
    ...(complete ? [autocompletion({ override: [complete], icons: false, activateOnTyping: true })] : []),
    problems,
    language.extension,
    look,
    // Tab takes what is offered, and else leaves the text: nobody is caught in it.
    Prec.high(keymap.of([{ key: "Tab", run: acceptCompletion }])),
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap]),
  ];
  return new EditorView({ parent: root, root, state: EditorState.create({ doc: text, extensions }) });
}
