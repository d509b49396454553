/* Addresses: what is behind the `#`, so that one file serves all views and each can be sent to a colleague. */

import { signal } from "@preact/signals";
import { kindOf, section, type Kind, type Section } from "../data/types.ts";

export type Route =
  | { page: "overview" }
  | { page: "list"; kind: Kind }
  | { page: "component"; kind: Kind; id: string; tab: string | null }
  | { page: "new"; kind: Kind }
  | { page: "edit"; kind: "query"; id: string }
  | { page: "code"; code: string }
  | { page: "events" }
  | { page: "store" }
  | { page: "missing" };

export interface Place {
  route: Route;
  /** Search, sort, the chosen row and the like. */
  search: URLSearchParams;
}

const SECTIONS: readonly Section[] = ["sources", "queries", "reactions"];

function isSection(text: string | undefined): text is Section {
  return SECTIONS.includes(text as Section);
}

/** Reads what is behind the `#`. An id alone is the old address of a query. */
export function parse(hash: string): Place {
  const [path = "", search = ""] = hash.replace(/^#/, "").split(/\?(.*)/s, 2);
  const parts = decoded(path);
  return { route: parts === null ? { page: "missing" } : route(path, parts), search: new URLSearchParams(search) };
}

function decoded(path: string): string[] | null {
  try {
    return path.split("/").map(decodeURIComponent);
  } catch {
    return null;
  }
}

function route(path: string, parts: string[]): Route {
  if (path === "" || path === "/") return { page: "overview" };
  if (!path.startsWith("/")) return { page: "component", kind: "query", id: parts.join("/"), tab: null };
  const [, first, id, tab] = parts;
  if (isSection(first)) {
    if (!id) return { page: "list", kind: kindOf(first) };
    if (tab === "edit" && first === "queries") return { page: "edit", kind: "query", id };
    return { page: "component", kind: kindOf(first), id, tab: tab || null };
  }
  if (first === "errors" && id) return { page: "code", code: id };
  if (first === "new" && (id === "source" || id === "query" || id === "reaction")) return { page: "new", kind: id };
  if (first === "events") return { page: "events" };
  if (first === "store") return { page: "store" };
  return { page: "missing" };
}

/** Returns the address of a component, or of one of its views. */
export function to(kind: Kind, id: string, tab?: string): string {
  return `#/${section(kind)}/${encodeURIComponent(id)}${tab ? `/${tab}` : ""}`;
}

/** Where this tab is. */
export const place = signal<Place>(parse(""));

/** Follows the address from now on. */
export function follow(): void {
  const read = () => {
    place.value = parse(location.hash);
  };
  window.addEventListener("hashchange", read);
  read();
}

/** Writes what is chosen in a view into its address, without a step in the history. `null` removes. */
export function choose(changes: { [name: string]: string | null }): void {
  const search = new URLSearchParams(place.peek().search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") search.delete(name);
    else search.set(name, value);
  }
  const [path] = location.hash.split("?");
  const text = search.toString();
  history.replaceState(null, "", `${path || "#/"}${text ? `?${text}` : ""}`);
  place.value = { ...place.peek(), search };
}
