/* What is around every view: side, top line, banner, dialogs. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { connection, reconnect } from "../data/feed.ts";
import { now } from "../data/paint.ts";
import { world } from "../data/store.ts";
import { asked } from "../data/token.ts";
import { section } from "../data/types.ts";
import { Button } from "../part/button.tsx";
import { Dialog } from "../part/dialog.tsx";
import { Text, Time } from "../part/text.tsx";
import { Toast } from "../part/toast.tsx";
import { CodePage } from "../view/code.tsx";
import { Component } from "../view/component.tsx";
import { Events } from "../view/events.tsx";
import { Late } from "../view/late.tsx";
import { List } from "../view/list.tsx";
import { Overview } from "../view/overview.tsx";
import { Token } from "../view/token.tsx";
import { finding, Find } from "./find.tsx";
import { place, to, type Route } from "./routes.ts";
import { Side } from "./side.tsx";
import { Spoken } from "./spoken.tsx";

/** Whether the side is open, where it is a drawer. */
export const isOpen = signal(false);

/** Opens or closes the drawer; the focus follows. */
function drawer(open: boolean): void {
  if (isOpen.peek() === open) return;
  isOpen.value = open;
  const to = open ? ".side a" : ".menu";
  requestAnimationFrame(() => document.querySelector<HTMLElement>(to)?.focus());
}

/** The keys that work everywhere. */
function onKey(event: KeyboardEvent): void {
  if ((event.ctrlKey || event.metaKey) && event.key === "k") {
    event.preventDefault();
    finding.value = true;
  } else if (event.key === "Escape") {
    drawer(false);
  } else if (event.key === "/" && !isTyping(event.composedPath()[0])) {
    const search = document.querySelector<HTMLElement>("main [type=search]");
    if (search) event.preventDefault();
    search?.focus();
  }
}

/** Returns whether keys at this place are text; an editor is inside a shadow root. */
function isTyping(target: EventTarget | undefined): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function crumbs(route: Route): { up: [string, string] | null; here: string } {
  const kinds = { source: "Sources", query: "Queries", reaction: "Reactions" };
  switch (route.page) {
    case "overview":
      return { up: null, here: "Overview" };
    case "list":
      return { up: ["Overview", "#/"], here: kinds[route.kind] };
    case "component":
      return { up: [kinds[route.kind], `#/${section(route.kind)}`], here: route.id };
    case "new":
      return { up: [kinds[route.kind], `#/${section(route.kind)}`], here: `New ${route.kind}` };
    case "edit":
      return { up: [route.id, to(route.kind, route.id)], here: `Edit ${route.id}` };
    case "code":
      return { up: ["Overview", "#/"], here: route.code };
    case "events":
      return { up: ["Overview", "#/"], here: "Events" };
    case "store":
      return { up: ["Overview", "#/"], here: "Store" };
    case "missing":
      return { up: ["Overview", "#/"], here: "Not found" };
  }
}

function View({ route }: { route: Route }) {
  if (asked.value !== null) return <Token />;
  switch (route.page) {
    case "overview":
      return <Overview />;
    case "list":
      return <List kind={route.kind} key={route.kind} />;
    case "new":
      if (route.kind === "query") return <Late of="QueryEditor" id={null} />;
      return <Late of="NewItem" kind={route.kind} key={route.kind} />;
    case "component":
      if (route.tab === "edit" && route.kind !== "query") {
        return <Late of="EditItem" kind={route.kind} id={route.id} key={route.id} />;
      }
      return <Component kind={route.kind} id={route.id} tab={route.tab} key={`${route.kind} ${route.id}`} />;
    case "edit":
      return <Late of="QueryEditor" id={route.id} key={route.id} />;
    case "code":
      return <CodePage code={route.code} key={route.code} />;
    case "events":
      return <Events />;
    case "store":
      return <Late of="Store" />;
    case "missing":
      return <Missing />;
  }
}

function Missing() {
  return (
    <div class="verdict">
      <h1>There is no such page</h1>
      <p>
        The address leads nowhere. <a href="#/">Overview</a>
      </p>
    </div>
  );
}

function Live() {
  const { state, refusal } = connection.value;
  const isRefused = refusal?.status === 401 || refusal?.status === 403;
  const lost = isRefused ? "refused" : "no connection";
  const words = { connecting: "connecting", live: "live", lost, asleep: "paused" };
  return (
    <span class="connection" data-state={state}>
      <i />
      {words[state]}
    </span>
  );
}

function Banner() {
  const { state, heard, retryAt, refusal } = connection.value;
  // What is refused is said in its place.
  if (state !== "lost" || asked.value !== null || refusal?.status === 403) return null;
  const wait = retryAt === null ? 0 : Math.max(0, Math.ceil((retryAt - now.value) / 1000));
  // It counts the seconds, so that it is lost is said elsewhere, once (`spoken.tsx`).
  return (
    <div class="banner">
      <b>No connection.</b>
      <span>
        {heard === null ? "Nothing was heard from the server yet." : ["What you see is as of ", <Time of={heard} />, "."]}
      </span>
      {refusal && refusal.status !== 0 ? <Text of={refusal.message} /> : null}
      <span class="num">{wait > 0 ? `Trying again in ${wait} s.` : "Trying again."}</span>
      <Button class="small" act={reconnect}>
        Try now
      </Button>
    </div>
  );
}

/** The whole page. */
export function Shell() {
  const { route } = place.value;
  const { up, here } = crumbs(route);
  useEffect(() => {
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  useEffect(() => {
    document.title = `${here} - Livewell`;
    isOpen.value = false;
    window.scrollTo(0, 0);
  }, [here]);
  const isLost = connection.value.state === "lost" && world.known;
  return (
    <div class="app" data-open={isOpen.value ? "" : undefined} data-lost={isLost ? "" : undefined}>
      <a class="skip" href="#main" onClick={toMain}>
        Skip to content
      </a>
      <Side />
      <div class="shade" onClick={() => drawer(false)} />
      <div class="body">
        <header class="top">
          <button
            type="button"
            class="button menu"
            aria-label="Menu"
            aria-expanded={isOpen.value}
            onClick={() => drawer(!isOpen.peek())}
          >
            <svg viewBox="0 0 14 14" aria-hidden="true">
              <path d="M1 3h12M1 7h12M1 11h12" />
            </svg>
          </button>
          <nav class="crumbs" aria-label="Where you are">
            {up ? [<a href={up[1]}>{up[0]}</a>, <span aria-hidden="true">/</span>] : null}
            <b>
              <Text of={here} />
            </b>
          </nav>
          <Live />
        </header>
        <Banner />
        <main id="main" class="page" tabIndex={-1}>
          <View route={route} />
        </main>
      </div>
      {finding.value ? <Find /> : null}
      <Dialog />
      <Toast />
      <Spoken />
    </div>
  );
}

/** The address of the page is its route, so the link to its content does not change it. */
function toMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
