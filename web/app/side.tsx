/* The side: find, the overview with the count of troubles, and the components of each kind. */

import { useEffect } from "preact/hooks";
import { painted } from "../data/paint.ts";
import { nodesOf, total, world } from "../data/store.ts";
import { section, type Kind, type Node } from "../data/types.ts";
import { Logo, Mark } from "../part/mark.tsx";
import { Text } from "../part/text.tsx";
import { count, rate } from "../text.ts";
import { finding } from "./find.tsx";
import { place, to } from "./routes.ts";
import { next, theme } from "./theme.ts";

/** Beyond so many components, a kind shows only troubles and what was looked at lately. */
const SHOWN_MAX = 40;
const VISITED_MAX = 8;
const VISITED = "livewell.visited";

function visited(): string[] {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(VISITED) ?? "[]");
    return Array.isArray(found) ? found.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

function visit(id: string): void {
  const ids = [id, ...visited().filter((other) => other !== id)].slice(0, VISITED_MAX);
  sessionStorage.setItem(VISITED, JSON.stringify(ids));
}

/** The one number that tells most about a component. */
function figure(node: Node): string {
  if (node.kind === "source" && node.state === "running" && node.per_second > 0) {
    const { value, unit } = rate(node.per_second);
    return `${value} ${unit}`;
  }
  if (node.kind !== "reaction") return count(node.rows);
  return node.lag > 0 ? `${count(node.lag)} wait` : "";
}

function isTrouble(node: Node): boolean {
  return node.error !== null || node.parked > 0 || node.dead_letters > 0;
}

function listed(kind: Kind, current: string | null): Node[] {
  const nodes = nodesOf(kind);
  if (nodes.length <= SHOWN_MAX) return nodes;
  const lately = new Set([...visited(), current]);
  return nodes.filter((node) => isTrouble(node) || lately.has(node.id)).slice(0, SHOWN_MAX);
}

function Components({ kind, title }: { kind: Kind; title: string }) {
  const { route } = place.value;
  const current = route.page === "component" && route.kind === kind ? route.id : null;
  const all = total(kind);
  const nodes = listed(kind, current);
  return (
    <>
      <h2>
        <a href={`#/${section(kind)}`}>{title}</a>
      </h2>
      <ul>
        {nodes.map((node) => (
          <li key={node.id}>
            <a href={to(kind, node.id)} aria-current={node.id === current ? "page" : undefined}>
              <Mark of={node.state === "caught_up" && isTrouble(node) ? "warning" : node.state} named />
              <span class="name">
                <Text of={node.id} />
              </span>
              <span class="figure">{figure(node)}</span>
            </a>
          </li>
        ))}
        {nodes.length < all ? (
          <li>
            <a class="all" href={`#/${section(kind)}`}>
              all {count(all)}
            </a>
          </li>
        ) : null}
      </ul>
    </>
  );
}

export function Side() {
  painted.value;
  const { route } = place.value;
  const current = route.page === "component" ? route.id : null;
  useEffect(() => {
    if (current !== null) visit(current);
  }, [current]);
  const { needsCount, server } = world;
  return (
    <nav class="side" aria-label="Components">
      <a class="brand" href="#/">
        <Logo />
        Livewell
        <small>{server ? <Text of={server.version} /> : null}</small>
      </a>
      <button type="button" class="find" onClick={() => (finding.value = true)}>
        Find or do
        <kbd>Ctrl K</kbd>
      </button>
      <a class="home" href="#/" aria-current={route.page === "overview" ? "page" : undefined}>
        Overview
        {needsCount > 0 ? (
          <span class="badge">
            {count(needsCount)}
            <span class="hidden"> {needsCount === 1 ? "needs" : "need"} you</span>
          </span>
        ) : null}
      </a>
      <Components kind="source" title="Sources" />
      <Components kind="query" title="Queries" />
      <Components kind="reaction" title="Reactions" />
      <div class="foot">
        <a href="#/events" aria-current={route.page === "events" ? "page" : undefined}>
          Events
        </a>
        <a href="#/store" aria-current={route.page === "store" ? "page" : undefined}>
          Store
        </a>
        <button type="button" class="link" onClick={next}>
          Theme: {theme.value}
        </button>
      </div>
    </nav>
  );
}
