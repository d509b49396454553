/* The pipeline as a picture, and beside it always as a table. */

import { painted } from "../data/paint.ts";
import { HEIGHT, layout, type Layout, type Line } from "../data/layout.ts";
import { allNodes, world } from "../data/store.ts";
import { section, type Kind, type Node, type State } from "../data/types.ts";
import { choose, place, to } from "../app/routes.ts";
import { Segments } from "../part/button.tsx";
import { Mark } from "../part/mark.tsx";
import { Text } from "../part/text.tsx";
import { count, inWords, rate, things } from "../text.ts";
import { ComponentTable } from "./table.tsx";

/** A picture of more than so many components tires; they are grouped by kind. */
const DRAWN_MAX = 40;
/** What part of the way from one column to the next the nodes take. */
const NODE_SHARE = 0.78;

const VIEWS = [
  { value: "picture", label: "Picture" },
  { value: "table", label: "Table" },
];

export function Pipeline() {
  painted.value;
  const nodes = allNodes();
  const chosen = place.value.search.get("as") === "table" ? "table" : "picture";
  const isSmall = world.whole && nodes.length <= DRAWN_MAX;
  return (
    <section class="card live">
      <header>
        <h2>Pipeline</h2>
        <span class="muted note wide-only">rates are of the last minute</span>
        <span class="grow" />
        <a class="button small" href="#/new/query">
          New query
        </a>
        <Segments
          label="Pipeline as"
          of={VIEWS}
          chosen={chosen}
          choose={(value) => choose({ as: value === "table" ? value : null })}
        />
      </header>
      {chosen === "table" ? (
        <ComponentTable of={sorted(nodes)} />
      ) : isSmall ? (
        <Picture nodes={nodes} />
      ) : (
        <Groups nodes={nodes} />
      )}
    </section>
  );
}

const KINDS: Kind[] = ["source", "query", "reaction"];

function sorted(nodes: Node[]): Node[] {
  return nodes.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || (a.id < b.id ? -1 : 1));
}

function Picture({ nodes }: { nodes: Node[] }) {
  const drawn = layout(nodes, world.edges);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return (
    <div class="flow" style={{ "--columns": tracks(drawn.columns.length), "--height": `${drawn.height}px` }}>
      <Edges of={drawn} nodes={byId} />
      {drawn.columns.map((slots, index) => (
        <ul class="column" style={{ "--at": 2 * index + 1 }} key={index}>
          {slots.map((slot) => {
            const node = slot.isPassing ? undefined : byId.get(slot.id);
            return node ? <Drawn node={node} top={slot.middle - HEIGHT / 2} key={slot.id} /> : null;
          })}
        </ul>
      ))}
    </div>
  );
}

/** The widths of the columns and of the room between them. */
function tracks(columns: number): string {
  const [node, room] = [NODE_SHARE * 100, (1 - NODE_SHARE) * 100];
  return Array.from({ length: columns }, () => `minmax(0, ${node}fr)`).join(` minmax(0, ${room}fr) `);
}

function Drawn({ node, top }: { node: Node; top: number }) {
  const { value, unit } = rate(node.per_second);
  return (
    <li style={{ "--top": `${top}px` }}>
      <a class="node" data-state={node.state} href={to(node.kind, node.id)}>
        <span class="title">
          <Mark of={node.state} named />
          <b>
            <Text of={node.id} />
          </b>
          {node.type ? (
            <small>
              <Text of={node.type} />
            </small>
          ) : null}
        </span>
        <span class="line">
          <span>
            {value} {unit}
          </span>
          <span>{summary(node)}</span>
        </span>
      </a>
    </li>
  );
}

/** What is most worth knowing of a component, after its rate. */
function summary(node: Node): string {
  if (node.parked > 0) return `${count(node.parked)} parked`;
  if (node.dead_letters > 0) return things(node.dead_letters, "dead letter");
  if (node.kind !== "reaction") return things(node.rows, node.kind === "source" ? "element" : "row");
  return node.lag > 0 ? `${count(node.lag)} wait` : inWords(node.state === "caught_up" ? "delivered" : node.state);
}

/** The width of the picture in its own units; it is stretched to the width that there is. */
const WIDTH = 1000;

function Edges({ of, nodes }: { of: Layout; nodes: Map<string, Node> }) {
  const pitch = WIDTH / (of.columns.length - 1 + NODE_SHARE);
  return (
    <svg class="edges" viewBox={`0 0 ${WIDTH} ${of.height}`} preserveAspectRatio="none" aria-hidden="true">
      {of.lines.map((line) => (
        <path d={path(line, pitch)} data-flow={flow(nodes.get(line.from), nodes.get(line.to))} key={`${line.from} ${line.to}`} />
      ))}
    </svg>
  );
}

/** Returns a line that bends between columns and is level where it passes one. */
function path({ column, middles }: Line, pitch: number): string {
  const room = pitch * (1 - NODE_SHARE);
  let drawn = "";
  middles.forEach((middle, index) => {
    const left = (column + index) * pitch;
    const before = middles[index - 1];
    if (before !== undefined) {
      const half = left - room / 2;
      drawn += `C${half} ${before} ${half} ${middle} ${left} ${middle}`;
    }
    if (index < middles.length - 1) drawn += `${index === 0 ? "M" : "L"}${left + pitch * NODE_SHARE} ${middle}`;
  });
  return drawn;
}

function flow(from: Node | undefined, to: Node | undefined): string {
  const stuck: State[] = ["error", "waiting"];
  if (to && stuck.includes(to.state)) return "held";
  return from && from.per_second > 0 ? "busy" : "quiet";
}

/** Too many for a picture: how many of each kind are in which state, and the troubled ones in full. */
function Groups({ nodes }: { nodes: Node[] }) {
  const troubled = nodes.filter((node) => node.error !== null);
  return (
    <>
      <div class="grid groups pad">
        {KINDS.map((kind) => (
          <div key={kind}>
            <h3>
              <a href={`#/${section(kind)}`}>{inWords(section(kind))}</a>
            </h3>
            <ul>
              {world.counts
                .filter((found) => found.kind === kind && found.count > 0)
                .map((found) => (
                  <li key={found.state}>
                    <Mark of={found.state} /> <b class="num">{count(found.count)}</b> {inWords(found.state)}
                  </li>
                ))}
            </ul>
          </div>
        ))}
      </div>
      {troubled.length > 0 ? <ComponentTable of={sorted(troubled)} /> : null}
    </>
  );
}
