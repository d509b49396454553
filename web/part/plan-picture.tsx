/* A plan as a picture: what is matched as a graph, then the operators in their order. Its text says the same. */

import { useEffect, useRef, useState } from "preact/hooks";
import { drawn, named, NODES_MAX, typed, type Operator, type PlanData } from "../data/plan.ts";
import { bytes, count, things } from "../text.ts";
import { Text } from "./text.tsx";

/** The operator that is pointed at, here or in the text of the query. */
export interface Marking {
  marked: number | null;
  mark: (operator: number | null) => void;
}

/** A plan; with `marking`, `text` is the query's, whose words each operator comes from. */
export function PlanPicture({ of, text, marking }: { of: PlanData; text?: string; marking?: Marking }) {
  const { nodes } = of.pattern;
  return (
    <div class="plan">
      {nodes.length > 0 && nodes.length <= NODES_MAX ? <Graph of={of.pattern} /> : null}
      <ol class="operators" aria-label="Operators">
        {of.operators.map((one) => (
          <OperatorBox of={one} text={text} marking={marking} key={one.id} />
        ))}
      </ol>
    </div>
  );
}

/** What a picture is drawn for if nobody says how wide it may be. */
const USUAL = 560;
const NARROWEST = 240;

function Graph({ of }: { of: PlanData["pattern"] }) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(USUAL);
  useEffect(() => {
    if (!box.current) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.max(NARROWEST, Math.min(720, Math.floor(entry.contentRect.width))));
    });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const picture = drawn(of, width);
  const ends = new Map(of.nodes.map((node) => [node.id, named(node)]));
  return (
    <div ref={box} class="pattern">
      <svg width={picture.width} height={picture.height} viewBox={`0 0 ${picture.width} ${picture.height}`} aria-hidden="true">
        <defs>
          <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
            <path d="M1 1 7 4 1 7" />
          </marker>
        </defs>
        {picture.edges.map((edge) => (
          <g class="edge" data-optional={edge.of.optional ? "" : undefined}>
            <path d={edge.path} marker-end={edge.of.undirected ? undefined : "url(#arrow)"} />
            <rect x={edge.x - edge.width / 2} y={edge.y - 9} width={edge.width} height={18} />
            <text x={edge.x} y={edge.y + 4}>
              {edge.text}
            </text>
          </g>
        ))}
        {picture.nodes.map((node) => (
          <g class="pill">
            <rect x={node.x - node.width / 2} y={node.y - 18} width={node.width} height={36} rx={18} />
            <text x={node.x} y={node.source === null ? node.y + 4 : node.y}>
              {node.text}
            </text>
            {node.source === null ? null : (
              <text class="from" x={node.x} y={node.y + 13}>
                {node.source.length > 24 ? `${node.source.slice(0, 23)}…` : node.source}
              </text>
            )}
          </g>
        ))}
      </svg>
      <ul class="hidden" aria-label="What is matched">
        {of.nodes.map((node) => (
          <li>
            <Text of={named(node)} />
          </li>
        ))}
        {of.relationships.map((one) => (
          <li>
            <Text of={`${ends.get(one.from)} ${one.optional ? "may have" : "has"} ${typed(one)} ${one.undirected ? "with" : "to"} ${ends.get(one.to)}`} />
          </li>
        ))}
      </ul>
    </div>
  );
}

interface BoxProps {
  of: Operator;
  text: string | undefined;
  marking: Marking | undefined;
}

/** How much of the words that an operator comes from is said. */
const WORDS_MAX = 80;

function OperatorBox({ of, text, marking }: BoxProps) {
  const isNext = of.inputs.length === 1 && of.inputs[0] === of.id - 1;
  const words = text && of.span ? text.slice(of.span.start, of.span.end) : "";
  const leave = () => marking?.mark(null);
  const enter = () => marking?.mark(of.id);
  return (
    <li
      data-marked={marking && marking.marked === of.id ? "" : undefined}
      tabIndex={marking && words ? 0 : undefined}
      onPointerEnter={enter}
      onPointerLeave={leave}
      onFocus={enter}
      onBlur={leave}
    >
      <p>
        <b>{of.kind}</b>{" "}
        {of.inputs.length > 0 && !isNext ? (
          <span class="muted">of {of.inputs.map((input) => `step ${input + 1}`).join(" and ")}</span>
        ) : null}
        <span class="muted num kept">
          {of.rows ? `${of.rows.in === null ? "" : `${count(of.rows.in)} in, `}${count(of.rows.out)} out` : ""}
          {of.rows && of.state && of.state.entries > 0 ? "; " : ""}
          {of.state && of.state.entries > 0
            ? `keeps ${of.state.exact ? "" : "~ "}${things(of.state.entries, "entry", "entries")}, ${bytes(of.state.bytes)}`
            : ""}
        </span>
      </p>
      {of.text === "" ? null : (
        <p class="mono">
          <Text of={of.text} />
        </p>
      )}
      {words ? (
        <p class="hidden">
          from <Text of={words.slice(0, WORDS_MAX)} />
        </p>
      ) : null}
      {of.details.length > 0 ? (
        <ul class="muted">
          {of.details.map((detail) => (
            <li>
              <Text of={detail} />
            </li>
          ))}
        </ul>
      ) : null}
    </li>
  );
}
