/* Find a component, a code or an action by a few letters. */

import { signal } from "@preact/signals";
import { useRef, useState } from "preact/hooks";
import { painted } from "../data/paint.ts";
import { allNodes, total, world } from "../data/store.ts";
import { section, type Kind, type State } from "../data/types.ts";
import { useModal } from "../part/dialog.tsx";
import { Mark } from "../part/mark.tsx";
import { Text } from "../part/text.tsx";
import { next } from "./theme.ts";
import { place, to } from "./routes.ts";

/** Whether it is open. */
export const finding = signal(false);

interface Found {
  key: string;
  text: string;
  what: string;
  state: State | null;
  go: () => void;
}

const SHOWN_MAX = 50;
const KINDS: Kind[] = ["source", "query", "reaction"];

function visit(address: string): () => void {
  return () => {
    location.hash = address;
  };
}

/** Returns the buttons in the head of the component that is open. Pressed from here, they say first what they say there. */
function buttons(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("main .actions .button")];
}

function press(label: string): () => void {
  return () => buttons().find((button) => button.textContent === label)?.click();
}

/** Returns all that can be found; what begins with the words comes first. */
function all(typed: string): Found[] {
  const found: Found[] = allNodes().map((node) => ({
    key: `${node.kind} ${node.id}`,
    text: node.id,
    what: node.kind,
    state: node.state,
    go: visit(to(node.kind, node.id)),
  }));
  const plain = (text: string, what: string, go: () => void): Found => ({ key: `${what} ${text}`, text, what, state: null, go });
  found.push(plain("Overview", "page", visit("#/")), plain("Events", "page", visit("#/events")), plain("Store", "page", visit("#/store")));
  for (const kind of KINDS) found.push(plain(`All ${section(kind)}`, "page", visit(`#/${section(kind)}`)));
  const { route } = place.peek();
  if (route.page === "component") {
    const labels = buttons().map((button) => button.textContent ?? "");
    for (const label of labels) found.push(plain(`${label} ${route.id}`, "action", press(label)));
  }
  found.push(plain("New source", "action", visit("#/new/source")), plain("New reaction", "action", visit("#/new/reaction")));
  found.push(plain("New query", "action", visit("#/new/query")));
  found.push(plain("Change the theme", "action", next));
  const code = /^(?:LW)?(\d{4})$/i.exec(typed.trim());
  if (code) found.unshift(plain(`LW${code[1]}`, "error code", visit(`#/errors/LW${code[1]}`)));
  return found;
}

function matching(typed: string): Found[] {
  const wanted = typed.trim().toLowerCase();
  const found = all(typed).filter(({ text, what }) => `${text} ${what}`.toLowerCase().includes(wanted));
  const first = found.filter(({ text }) => text.toLowerCase().startsWith(wanted));
  const shown = [...first, ...found.filter((one) => !first.includes(one))].slice(0, SHOWN_MAX);
  // Among very many components only the troubled ones are known here.
  if (world.whole || wanted === "" || !/^[\w-]+$/.test(typed.trim())) return shown;
  const id = typed.trim();
  const asked = KINDS.filter((kind) => total(kind) > 0).map((kind) => ({
    key: `try ${kind}`,
    text: id,
    what: `open as a ${kind}`,
    state: null,
    go: visit(to(kind, id)),
  }));
  return [...shown, ...asked];
}

export function Find() {
  painted.value;
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  useModal(dialog);
  const found = matching(typed);
  const current = found[Math.min(at, found.length - 1)];
  const go = (one: Found | undefined) => {
    if (!one) return;
    dialog.current?.close();
    // The page behind has its focus back before it is asked for something.
    requestAnimationFrame(one.go);
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt((Math.min(at, found.length - 1) + step + found.length) % Math.max(1, found.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      go(current);
    }
  };
  return (
    <dialog ref={dialog} class="finder" aria-label="Find or do" onClose={() => (finding.value = false)}>
      <input
        role="combobox"
        aria-expanded="true"
        aria-controls="found"
        aria-activedescendant={current ? "found-now" : undefined}
        aria-label="Find or do"
        placeholder="A component, an error code or an action"
        autocomplete="off"
        spellcheck={false}
        value={typed}
        onKeyDown={onKey}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setAt(0);
        }}
      />
      <ul id="found" role="listbox" aria-label="Found">
        {found.map((one) => (
          <li
            key={one.key}
            id={one === current ? "found-now" : undefined}
            role="option"
            aria-selected={one === current}
            onClick={() => go(one)}
          >
            {one.state ? <Mark of={one.state} named /> : <span class="mark" />}
            <span class="name">
              <Text of={one.text} />
            </span>
            <small class="muted">{one.what}</small>
          </li>
        ))}
        {found.length === 0 ? <li class="muted">Nothing has this in its name.</li> : null}
      </ul>
    </dialog>
  );
}
