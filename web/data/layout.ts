/*
 * Where the components stand in the picture: in columns by how far they are from the sources.
 *
 * What is read across several columns passes through a gap of its own in each column between, so that no line runs behind
 * a component. Lines from one component share that gap.
 */

import type { Edge, Node } from "./types.ts";

/** The height of a component, of a line that passes by, and of the space between two, in pixels. */
export const HEIGHT = 56;
const PASSING = 8;
const APART = 14;
/** How often the order within the columns is improved. */
const SWEEPS = 6;

/** A component in its column, or a line from it that passes by. */
export interface Slot {
  /** The component; of a passing line, where it comes from. */
  id: string;
  isPassing: boolean;
  /** Its middle, from the top. */
  middle: number;
}

export interface Line {
  from: string;
  to: string;
  /** The middles of what it goes through, column by column, from `column` on. */
  column: number;
  middles: number[];
}

export interface Layout {
  columns: Slot[][];
  lines: Line[];
  height: number;
}

/** Returns the picture: sources, queries by depth, reactions last. */
export function layout(nodes: readonly Node[], edges: readonly Edge[]): Layout {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const drawn = edges.filter((edge) => known.has(edge.from) && known.has(edge.to));
  const column = columnOf(nodes, drawn);
  const last = Math.max(0, ...column.values());
  const columns: Slot[][] = Array.from({ length: last + 1 }, () => []);
  for (const node of [...nodes].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    columns[column.get(node.id) ?? 0]?.push({ id: node.id, isPassing: false, middle: 0 });
  }
  const passing = new Set<string>();
  for (const { from, to } of drawn) {
    for (let at = (column.get(from) ?? 0) + 1; at < (column.get(to) ?? 0); at += 1) {
      if (passing.has(`${at} ${from}`)) continue;
      passing.add(`${at} ${from}`);
      columns[at]?.push({ id: from, isPassing: true, middle: 0 });
    }
  }
  const slot = (at: number, id: string) => columns[at]?.find((slot) => slot.id === id);
  const links = linksOf(drawn, column, slot);
  place(columns);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) untangle(columns, links, sweep % 2 === 0);
  const height = place(columns);
  return { columns, lines: drawn.map((edge) => lineOf(edge, column, slot)), height };
}

/** Returns the column of each component; without the empty ones between queries and reactions. */
function columnOf(nodes: readonly Node[], edges: readonly Edge[]): Map<string, number> {
  const kinds = new Map(nodes.map((node) => [node.id, node.kind]));
  const reads = new Map<string, string[]>();
  for (const { from, to } of edges) reads.set(to, [...(reads.get(to) ?? []), from]);
  const depths = new Map<string, number>();
  const depth = (id: string, above: ReadonlySet<string>): number => {
    const found = depths.get(id);
    if (found !== undefined) return found;
    if (kinds.get(id) === "source") return 0;
    // Nothing reads itself; a picture that says so would not end.
    const below = (reads.get(id) ?? []).filter((from) => !above.has(from));
    const own = Math.max(0, ...below.map((from) => depth(from, new Set([...above, id])))) + 1;
    depths.set(id, own);
    return own;
  };
  const queries = nodes.filter((node) => node.kind === "query");
  const last = Math.max(0, ...queries.map((node) => depth(node.id, new Set([node.id])))) + 1;
  const of = ({ id, kind }: Node) => (kind === "reaction" ? last : kind === "source" ? 0 : depth(id, new Set([id])));
  return new Map(nodes.map((node) => [node.id, of(node)]));
}

type Find = (column: number, id: string) => Slot | undefined;
/** The slots that a slot is connected with: those before it, those after it. */
type Links = Map<Slot, { before: Slot[]; after: Slot[] }>;

function linksOf(edges: readonly Edge[], column: ReadonlyMap<string, number>, slot: Find): Links {
  const links: Links = new Map();
  const of = (one: Slot) => {
    const found = links.get(one) ?? { before: [], after: [] };
    links.set(one, found);
    return found;
  };
  for (const { from, to } of edges) {
    const end = column.get(to) ?? 0;
    for (let at = column.get(from) ?? 0; at < end; at += 1) {
      const [a, b] = [slot(at, from), slot(at + 1, at + 1 === end ? to : from)];
      if (!a || !b) continue;
      of(a).after.push(b);
      of(b).before.push(a);
    }
  }
  return links;
}

function lineOf({ from, to }: Edge, column: ReadonlyMap<string, number>, slot: Find): Line {
  const [begin, end] = [column.get(from) ?? 0, column.get(to) ?? 0];
  const middles: number[] = [];
  for (let at = begin; at < end; at += 1) middles.push(slot(at, from)?.middle ?? 0);
  middles.push(slot(end, to)?.middle ?? 0);
  return { from, to, column: begin, middles };
}

/** Puts the slots of each column one below the other, around the middle of the picture. Returns its height. */
function place(columns: readonly Slot[][]): number {
  const size = (slot: Slot) => (slot.isPassing ? PASSING : HEIGHT);
  const tall = (column: readonly Slot[]) => column.reduce((sum, slot) => sum + size(slot) + APART, -APART);
  const height = Math.max(HEIGHT, ...columns.map(tall));
  for (const column of columns) {
    let top = (height - tall(column)) / 2;
    for (const slot of column) {
      slot.middle = top + size(slot) / 2;
      top += size(slot) + APART;
    }
  }
  return height;
}

/** Puts each slot near the middle of those that it is connected with, before or after it. */
function untangle(columns: readonly Slot[][], links: Links, isForward: boolean): void {
  const inTurn = isForward ? columns : [...columns].reverse();
  for (const column of inTurn) {
    const wanted = new Map(
      column.map((slot) => {
        const others = (isForward ? links.get(slot)?.before : links.get(slot)?.after) ?? [];
        const sum = others.reduce((sum, other) => sum + other.middle, 0);
        return [slot, others.length > 0 ? sum / others.length : slot.middle];
      }),
    );
    column.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
    place(columns);
  }
}
