/*
 * The one stream of this tab: the state of all components, and the results of the query on screen.
 *
 * It is opened again after 1, 2, 4 .. 30 seconds, when the network comes back and when the tab is looked at. A tab that
 * nobody looks at gives its connection up after a minute, or at once if another tab needs one.
 */

import { signal } from "@preact/signals";
import { asRefusal, call, isAborted, open, Refusal } from "./client.ts";
import { parse } from "./json.ts";
import { Reader, type Message } from "./sse.ts";
import { asked } from "./token.ts";
import type { Server } from "./types.ts";

/** What a stream of a query is asked for, and who takes its events. */
export interface Wanted {
  query: string;
  /** The position after which it continues, as `EPOCH-SEQUENCE`. */
  after: () => string;
  take: (event: string, data: unknown) => void;
  refuse: (refusal: Refusal) => void;
}

export interface Connection {
  state: "connecting" | "live" | "lost" | "asleep";
  /** When something was last heard. */
  heard: number | null;
  /** When it is tried again. */
  retryAt: number | null;
  refusal: Refusal | null;
}

export const connection = signal<Connection>({ state: "connecting", heard: null, retryAt: null, refusal: null });

const RETRY_MAX = 30_000;
/** The server says something at least every 15 seconds. */
const SILENCE_MAX = 40_000;
const HIDDEN_MAX = 60_000;

type TakeStatus = (event: string, data: unknown) => void;
type Meet = (server: Server | null) => void;

let takeStatus: TakeStatus = () => {};
let meet: Meet = () => {};
let wanted: Wanted | null = null;
let running: AbortController | null = null;
let attempts = 0;
let timer: number | null = null;
let hiding: number | null = null;

/** Starts the stream. `status` takes the events about components, `server` whom a connection leads to. */
export function start(status: TakeStatus, server: Meet): void {
  takeStatus = status;
  meet = server;
  const tabs = new BroadcastChannel("livewell");
  tabs.onmessage = () => {
    if (document.hidden) sleep();
  };
  document.addEventListener("visibilitychange", () => {
    if (hiding !== null) clearTimeout(hiding);
    hiding = document.hidden ? window.setTimeout(sleep, HIDDEN_MAX) : null;
    if (document.hidden) return;
    tabs.postMessage("seen");
    if (connection.peek().state !== "live") reconnect();
  });
  window.addEventListener("online", reconnect);
  tabs.postMessage("seen");
  reconnect();
}

/** Follows another query from now on, or none. */
export function want(next: Wanted | null): void {
  if (wanted === next) return;
  wanted = next;
  if (running) reconnect();
}

/** Stops following a query, unless another one is followed by now. */
export function drop(old: Wanted): void {
  if (wanted === old) want(null);
}

/** Connects now, whatever was planned. */
export function reconnect(): void {
  if (timer !== null) clearTimeout(timer);
  timer = null;
  running?.abort();
  running = new AbortController();
  void run(running);
}

function sleep(): void {
  if (timer !== null) clearTimeout(timer);
  timer = null;
  running?.abort();
  running = null;
  set({ state: "asleep", retryAt: null });
}

function set(change: Partial<Connection>): void {
  connection.value = { ...connection.peek(), ...change };
}

async function run(own: AbortController): Promise<void> {
  try {
    meet(await identity(own.signal));
    await listen(own);
    throw new Refusal(0, null, "the server ended the stream");
  } catch (error) {
    if (own.signal.aborted && running !== own) return;
    if (isAborted(error)) lost(new Refusal(0, null, "the server says nothing"));
    else lost(asRefusal(error));
  }
}

/** Asks who answers there: a stream continues only in the store that it began in. A token for one query may not ask. */
async function identity(signal: AbortSignal): Promise<Server | null> {
  try {
    return await call<Server>("/api/v1/server", { signal, urgent: true });
  } catch (error) {
    if (error instanceof Refusal && error.status === 403) return null;
    throw error;
  }
}

async function listen(own: AbortController): Promise<void> {
  const following = wanted;
  const answer = await request(following, own.signal);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  const events = new Reader();
  let silence = window.setTimeout(() => own.abort(), SILENCE_MAX);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (own.signal.aborted || done) return;
      clearTimeout(silence);
      silence = window.setTimeout(() => own.abort(), SILENCE_MAX);
      attempts = 0;
      set({ state: "live", heard: Date.now(), retryAt: null, refusal: null });
      for (const message of events.push(value)) {
        dispatch(message, following);
        // What took it may have asked for another stream.
        if (own.signal.aborted) return;
      }
    }
  } finally {
    clearTimeout(silence);
  }
}

/** Opens the stream of everything; if the token is for one query only, the stream of that query. */
async function request(following: Wanted | null, signal: AbortSignal): Promise<Response> {
  const of = following && `query=${encodeURIComponent(following.query)}&after=${following.after()}`;
  try {
    return await open(`/api/v1/stream?status=1s${of ? `&${of}` : ""}`, { signal });
  } catch (error) {
    if (!following || !(error instanceof Refusal)) throw error;
    if (error.status === 404 || error.status === 400) {
      // The components can be followed without it.
      following.refuse(error);
      if (wanted === following) wanted = null;
      return open("/api/v1/stream?status=1s", { signal });
    }
    if (error.status !== 403) throw error;
    const own = `/api/v1/queries/${encodeURIComponent(following.query)}/changes?after=${following.after()}`;
    return open(own, { signal });
  }
}

function dispatch({ event, data }: Message, following: Wanted | null): void {
  if (data === "") return;
  if (event === "status" || event === "event") takeStatus(event, parse(data));
  else following?.take(event, parse(data));
}

function lost(refusal: Refusal): void {
  running = null;
  if (asked.peek() !== null && refusal.status === 401) {
    set({ state: "lost", retryAt: null, refusal });
    return;
  }
  const wait = refusal.retryAfter ? refusal.retryAfter * 1000 : Math.min(RETRY_MAX, 1000 * 2 ** attempts);
  attempts += 1;
  set({ state: "lost", retryAt: Date.now() + wait, refusal });
  timer = window.setTimeout(reconnect, wait);
}
