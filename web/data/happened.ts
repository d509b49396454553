/* Which events are wanted: by what they are about, and by words in them. The server and the browser decide alike. */

import type { Event, Kind } from "./types.ts";

export interface Wanted {
  component: string;
  kind: string;
  what: string;
  who: string;
  code: string;
  words: string;
}

const NAMES: { [name in keyof Wanted]: string } = {
  component: "component",
  kind: "kind",
  what: "what",
  who: "caller",
  code: "code",
  words: "search",
};
const WORDS_MAX = 200;

export const KINDS: readonly Kind[] = ["source", "query", "reaction"];
export const WHATS: readonly (readonly [what: string, name: string])[] = [
  ["state", "states"],
  ["call", "calls"],
  ["gap", "gaps"],
  ["start", "starts"],
  ["stop", "stops"],
];

/** Reads what is wanted from an address; what is not a choice there is no choice. */
export function wanted(search: URLSearchParams): Wanted {
  const text = (name: string) => search.get(name) ?? "";
  const one = (name: string, of: readonly string[]) => (of.includes(text(name)) ? text(name) : "");
  const code = /^LW\d{4}$/.test(text("code")) ? text("code") : "";
  return {
    component: text("component"),
    kind: one("kind", KINDS),
    what: one("what", WHATS.map(([what]) => what)),
    who: text("who"),
    code,
    words: [...text("q")].slice(0, WORDS_MAX).join(""),
  };
}

/** Returns the parameters of the call that has the server look for them. */
export function parameters(of: Wanted): string {
  const search = new URLSearchParams();
  for (const [name, parameter] of Object.entries(NAMES)) {
    const value = of[name as keyof Wanted];
    if (value !== "") search.set(parameter, value);
  }
  const text = search.toString();
  return text === "" ? "" : `&${text}`;
}

/** Returns whether an event that comes is wanted. */
export function isWanted(event: Event, of: Wanted): boolean {
  const { component, caller, call, code, message } = event;
  const is = (value: string, found: string | null | undefined) => value === "" || found === value;
  const texts = [component?.id, caller, call, code, message];
  return (
    is(of.component, component?.id) &&
    is(of.kind, component?.kind) &&
    is(of.what, event.what) &&
    is(of.who, caller) &&
    is(of.code, code) &&
    (of.words === "" || texts.some((text) => text?.toLowerCase().includes(of.words.toLowerCase())))
  );
}
