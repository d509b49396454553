/* How a query is maintained, as `explain` and `check` say it, and where the nodes of its pattern are drawn. */

/** A part of the text of a query, in UTF-16 code units. */
export interface Span {
  start: number;
  end: number;
}

export interface PatternNode {
  id: number;
  variable: string | null;
  labels: string[];
  source: string | null;
}

export interface PatternRelationship {
  variable: string | null;
  types: string[];
  from: number;
  to: number;
  undirected: boolean;
  source: string | null;
  length: string | null;
  optional: boolean;
}

export interface Operator {
  id: number;
  kind: string;
  text: string;
  details: string[];
  /** The words of the text that it comes from. */
  span?: Span | null;
  /** What has come in and gone out since the query was started; nothing of a plan that nobody runs. */
  rows?: { in: number | null; out: number } | null;
  /** What it remembers now; nothing of a plan that nobody runs. */
  state?: { entries: number; bytes: number; exact: boolean } | null;
  inputs: number[];
}

export interface PlanData {
  pattern: { nodes: PatternNode[]; relationships: PatternRelationship[] };
  operators: Operator[];
}

/** A part of a text, and the operator that comes from the fewest words around it. */
export interface Piece {
  text: string;
  start: number;
  operator: number | null;
}

/** Cuts a text where the words of an operator begin or end. */
export function pieces(text: string, operators: Operator[]): Piece[] {
  const spans = operators.flatMap(({ id, span }) => (span ? [{ id, ...span }] : []));
  const cuts = new Set([0, text.length, ...spans.flatMap(({ start, end }) => [start, end])]);
  const at = [...cuts].filter((cut) => cut <= text.length).sort((a, b) => a - b);
  return at.slice(0, -1).map((start, index) => {
    const end = at[index + 1] ?? text.length;
    const around = spans.filter((span) => span.start <= start && span.end >= end);
    // Of several with the same words the last one has what becomes of them.
    const least = around.reduce<(typeof around)[0] | null>((best, span) => (best && best.end - best.start < span.end - span.start ? best : span), null);
    return { text: text.slice(start, end), start, operator: least?.id ?? null };
  });
}

export interface PlacedNode extends PatternNode {
  x: number;
  y: number;
  width: number;
  text: string;
}

export interface PlacedEdge {
  of: PatternRelationship;
  text: string;
  path: string;
  /** Where its text stands. */
  x: number;
  y: number;
  width: number;
}

export interface Picture {
  width: number;
  height: number;
  nodes: PlacedNode[];
  edges: PlacedEdge[];
}

const ROW = 84;
const PILL = 36;
const LETTER = 7.6;
const GAP = 14;
/** How much of a name the picture shows. */
const NAME_MAX = 34;
/** Beyond so many nodes the text says more than a picture. */
export const NODES_MAX = 40;

/** Returns what a node is called: `f:Flight`. */
export function named({ variable, labels }: PatternNode): string {
  return `${variable ?? ""}${labels.map((label) => `:${label}`).join("")}` || "any node";
}

/** Returns what a relationship is called: `r:LIKES|KNOWS *1..3`. */
export function typed({ variable, types, length }: PatternRelationship): string {
  const types_ = types.length > 0 ? `:${types.join("|")}` : "";
  return `${variable ?? ""}${types_}${length === null ? "" : ` *${length}`}`.replace(/^:/, "") || "any";
}

function short(text: string): string {
  return text.length > NAME_MAX ? `${text.slice(0, NAME_MAX - 1)}…` : text;
}

/** Places a pattern: a node with most relationships, around it its neighbours, and below what is further away. */
export function drawn({ nodes, relationships }: PlanData["pattern"], width: number): Picture {
  const placed = new Map<number, PlacedNode>();
  let y = PILL / 2 + 8;
  for (const row of components(nodes, relationships).flatMap((layers) => around(layers, width))) {
    const total = row.reduce((sum, { wide }) => sum + wide, 0);
    const space = (width - total) / (row.length + 1);
    let x = space;
    for (const { node, wide, text } of row) {
      placed.set(node.id, { ...node, text, width: wide, x: x + wide / 2, y });
      x += wide + space;
    }
    y += ROW;
  }
  const edges = relationships.flatMap((of, index) => edge(of, index, relationships, placed));
  const height = Math.max(y - ROW + PILL / 2 + 8, ...edges.map((edge) => edge.y + 14));
  return { width, height, nodes: [...placed.values()], edges };
}

/** Breaks the layers of a component into rows; what is next to the root is below and above it in turn. */
function around([root = [], next = [], ...further]: PatternNode[][], width: number): Sized[][] {
  const near = rows(next, width);
  const isAbove = (_: Sized[], index: number) => index % 2 === 1;
  const below = near.filter((row, index) => !isAbove(row, index));
  return [...near.filter(isAbove), ...rows(root, width), ...below, ...further.flatMap((layer) => rows(layer, width))];
}

/** Returns for each connected part its layers: a node with most relationships, then what is one relationship further away. */
function components(nodes: PatternNode[], relationships: PatternRelationship[]): PatternNode[][][] {
  const degree = (id: number) => relationships.filter(({ from, to }) => from === id || to === id).length;
  const left = new Set(nodes.map(({ id }) => id));
  const found: PatternNode[][][] = [];
  const byDegree = [...nodes].sort((a, b) => degree(b.id) - degree(a.id) || a.id - b.id);
  for (const root of byDegree) {
    if (!left.has(root.id)) continue;
    const layers: PatternNode[][] = [];
    found.push(layers);
    let layer = [root];
    left.delete(root.id);
    while (layer.length > 0) {
      layers.push(layer);
      const near = (id: number) => relationships.some((r) => layer.some((one) => (r.from === one.id && r.to === id) || (r.to === one.id && r.from === id)));
      layer = nodes.filter(({ id }) => left.has(id) && near(id));
      for (const { id } of layer) left.delete(id);
    }
  }
  return found;
}

interface Sized {
  node: PatternNode;
  text: string;
  wide: number;
}

/** Breaks a layer into rows that are as wide as there is room. */
function rows(layer: PatternNode[], width: number): Sized[][] {
  const broken: Sized[][] = [];
  let used = Infinity;
  for (const node of layer) {
    const text = short(named(node));
    const wide = Math.min(width - 2 * GAP, text.length * LETTER + 26);
    if (used + wide + GAP > width) {
      broken.push([]);
      used = GAP;
    }
    broken.at(-1)?.push({ node, text, wide });
    used += wide + GAP;
  }
  return broken;
}

function edge(of: PatternRelationship, index: number, all: PatternRelationship[], placed: Map<number, PlacedNode>): PlacedEdge[] {
  const [from, to] = [placed.get(of.from), placed.get(of.to)];
  if (!from || !to) return [];
  const text = short(typed(of));
  const width = text.length * 7 + 10;
  // Several between the same two nodes stand beside each other.
  const same = (other: PatternRelationship) =>
    (other.from === of.from && other.to === of.to) || (other.from === of.to && other.to === of.from);
  const turn = all.slice(0, index).filter(same).length;
  if (from === to) {
    const [x, y] = [from.x, from.y + PILL / 2];
    return [{ of, text, path: `M${x - 24} ${y}c0 34 48 34 48 0`, x, y: y + 26 + turn * 20, width }];
  }
  if (from.y === to.y) {
    const [x, y] = [(from.x + to.x) / 2, from.y + PILL / 2];
    const deep = 2 * (ROW / 2 - PILL / 2 + turn * 16);
    return [{ of, text, path: `M${from.x} ${y}Q${x} ${y + deep} ${to.x} ${y}`, x, y: y + deep / 2, width }];
  }
  const bend = turn === 0 ? 0 : (turn % 2 === 1 ? 1 : -1) * 34 * Math.ceil(turn / 2);
  const [x, y] = [(from.x + to.x) / 2 + bend, (from.y + to.y) / 2];
  const [begin, end] = [rim(from, x, y), rim(to, x, y)];
  return [{ of, text, path: `M${begin.x} ${begin.y}Q${x + bend} ${y} ${end.x} ${end.y}`, x: x + bend / 2, y, width }];
}

/** Returns where a line from a node towards a place leaves it. */
function rim({ x, y, width }: PlacedNode, toX: number, toY: number): { x: number; y: number } {
  const [dx, dy] = [toX - x, toY - y];
  const scale = Math.min(Math.abs(dx) < 1 ? Infinity : width / 2 / Math.abs(dx), Math.abs(dy) < 1 ? Infinity : PILL / 2 / Math.abs(dy));
  return { x: x + dx * Math.min(1, scale), y: y + dy * Math.min(1, scale) };
}
