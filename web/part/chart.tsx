/* A small chart of some minutes. Its numbers are beside it as text; the picture only shows their shape. */

import type { ComponentChildren } from "preact";

export interface Line {
  values: (number | null)[] | undefined;
  /** Which colour of the three it has; the order is that of the legend. */
  at: 1 | 2 | 3;
}

const WIDTH = 300;
const HEIGHT = 56;
const ROUND = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** Returns the least round number that is not below the greatest value. */
export function top(greatest: number): number {
  if (greatest <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(greatest));
  return power * (ROUND.find((factor) => factor * power >= greatest) ?? 10);
}

/** Returns the pieces of a line; nothing was measured between them. */
export function path(values: (number | null)[], greatest: number): string {
  const last = Math.max(1, values.length - 1);
  let isDrawing = false;
  let drawn = "";
  values.forEach((value, index) => {
    if (value === null) {
      isDrawing = false;
      return;
    }
    const x = ((index / last) * WIDTH).toFixed(1);
    const y = (HEIGHT - (Math.min(value, greatest) / greatest) * HEIGHT).toFixed(1);
    drawn += `${isDrawing ? "L" : "M"}${x} ${y}`;
    isDrawing = true;
  });
  return drawn;
}

export interface ChartProps {
  label: string;
  of: Line[];
  /** How a value is written. */
  axis: (value: number) => string;
  /** The names of its lines, if there are several. */
  keys?: string[];
}

export function Chart({ label, of, axis, keys = [] }: ChartProps) {
  const all = of.flatMap((line) => line.values ?? []).filter((value) => value !== null);
  const greatest = top(Math.max(0, ...all));
  return (
    <div class="chart">
      <span class="axis greatest" aria-hidden="true">
        <span>
          {keys.map((name, index) => (
            <span class={`key c${index + 1}`} key={name}>
              {name}
            </span>
          ))}
        </span>
        <span>{all.length > 0 ? axis(greatest) : ""}</span>
      </span>
      <svg viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`} preserveAspectRatio="none" role="img" aria-label={label}>
        <path class="rule" d={`M0 0H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}`} />
        <path class="base" d={`M0 ${HEIGHT}H${WIDTH}`} />
        {of.map((line) => {
          const drawn = path(line.values ?? [], greatest);
          return <path class={`line c${line.at}`} d={drawn} key={line.at} />;
        })}
      </svg>
      <span class="axis" aria-hidden="true">
        <span>15 min ago</span>
        <span>now</span>
      </span>
    </div>
  );
}

export interface FigureProps {
  title: string;
  value: string;
  unit: string;
  children: ComponentChildren;
}

/** A number with its unit, over the chart of what it was. */
export function Figure({ title, value, unit, children }: FigureProps) {
  return (
    <section class="card gauge">
      <h2>{title}</h2>
      <p class="stat">
        {value} <small>{unit}</small>
      </p>
      {children}
    </section>
  );
}
