/* What is known of the server and its components, as the stream keeps it up to date. */

import { signal } from "@preact/signals";
import { asRefusal, call, isAborted, Refusal } from "./client.ts";
import { start } from "./feed.ts";
import { changed, painted } from "./paint.ts";
import type { Count, Edge, Event, Graph, Kind, Need, Node, Scope, Server } from "./types.ts";

interface StatusEvent {
  first: boolean;
  total: number;
  whole: boolean;
  counts: Count[] | null;
  components: Node[];
  removed: string[];
  edges_changed?: boolean;
  needs: number;
}

/** How many of the latest events are kept. */
const EVENTS_MAX = 50;

/** The components by id; all of them if `whole`. */
const nodes = new Map<string, Node>();

/** What the server says of everything. */
export const world = {
  server: null as Server | null,
  /** Whether the components have been heard of. */
  known: false,
  total: 0,
  whole: true,
  counts: [] as Count[],
  edges: [] as Edge[],
  needsCount: 0,
  needs: null as Need[] | null,
  events: [] as Event[],
};

/** Why a part could not be read, by its name. */
export const failures = signal<{ [part: string]: Refusal }>({});

/** Returns the component with an id, if it is known. */
export function node(id: string): Node | undefined {
  painted.value;
  return nodes.get(id);
}

/** Returns the known components of a kind, by id. */
export function nodesOf(kind: Kind): Node[] {
  painted.value;
  return [...nodes.values()].filter((node) => node.kind === kind).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Returns all known components. */
export function allNodes(): Node[] {
  painted.value;
  return [...nodes.values()];
}

/** Returns how many components of a kind there are. */
export function total(kind: Kind): number {
  painted.value;
  return world.counts.reduce((sum, count) => sum + (count.kind === kind ? count.count : 0), 0);
}

/** Returns whether the caller may do what needs a scope; a server that does not say may refuse it later. */
export function may(scope: Scope): boolean {
  painted.value;
  return world.server === null || world.server.scopes.includes(scope);
}

/** Begins to follow the server. */
export function begin(): void {
  start(take, meet);
}

/** A store that is not the one before has nothing to do with what is on screen. */
function meet(server: Server | null): void {
  const before = world.server?.store_id;
  if (server && before !== undefined && server.store_id !== before) {
    location.reload();
    return;
  }
  world.server = server;
  changed();
  void readEvents();
}

function take(name: string, data: unknown): void {
  if (name === "event") takeEvent(data as Event);
  else takeStatus(data as StatusEvent);
  changed();
}

function takeStatus(status: StatusEvent): void {
  if (status.first) nodes.clear();
  const mayNeed = status.first || status.needs !== world.needsCount || status.components.some(isTroubled);
  for (const node of status.components) nodes.set(node.id, node);
  for (const id of status.removed) nodes.delete(id);
  world.known = true;
  world.total = status.total;
  world.whole = status.whole;
  world.counts = status.counts ?? world.counts;
  world.needsCount = status.needs;
  if (status.first || status.edges_changed) void readGraph();
  if (mayNeed) needsSoon();
}

function isTroubled(node: Node): boolean {
  return node.error !== null || node.parked > 0 || node.dead_letters > 0;
}

function takeEvent(event: Event): void {
  if (world.events.some((known) => known.number === event.number)) return;
  world.events = [event, ...world.events].slice(0, EVENTS_MAX);
}

/** Reads one part of what is on screen; a failure is shown in its place. */
async function part(name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    if (name in failures.peek()) {
      const { [name]: _, ...rest } = failures.peek();
      failures.value = rest;
    }
  } catch (error) {
    if (isAborted(error)) return;
    failures.value = { ...failures.peek(), [name]: asRefusal(error) };
  }
  changed();
}

/** Reads what is connected with what. */
export function readGraph(): Promise<void> {
  return part("graph", async () => {
    const graph = await call<Graph>("/api/v1/graph");
    world.edges = graph.edges;
  });
}

/** Reads what needs somebody. */
export function readNeeds(): Promise<void> {
  return part("needs", async () => {
    const answer = await call<{ total: number; needs: Need[] }>("/api/v1/needs");
    world.needs = answer.needs;
    world.needsCount = answer.total;
  });
}

/** Reads the latest events. */
export function readEvents(): Promise<void> {
  return part("events", async () => {
    const answer = await call<{ events: Event[] }>(`/api/v1/events?limit=${EVENTS_MAX}`);
    world.events = answer.events;
  });
}

const NEEDS_APART = 1_000;
let needsTimer: number | null = null;

function needsSoon(): void {
  needsTimer ??= window.setTimeout(() => {
    needsTimer = null;
    void readNeeds();
  }, world.needs === null ? 0 : NEEDS_APART);
}
