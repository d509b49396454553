/*
 * A table of any length, of which only the rows in sight are in the document.
 *
 * It has one tab stop; arrows, Page, Home, End and Enter move within it. A row is the same element as long as it is in
 * sight, whatever its values do.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Kept } from "../data/fold.ts";
import { own } from "../data/json.ts";
import { plain, type Sort } from "../data/order.ts";
import { useSight } from "./sight.ts";
import type { Source } from "./source.ts";
import { Cell, isNumber, Text } from "./text.tsx";

/** The height of a row in pixels, and below 600 pixels of width, where it has two lines. */
const ROW = 32;
const ROW_NARROW = 58;
/** How many rows above and below those in sight are drawn too. */
const MORE = 6;
/** How many rows are looked at for the width of the columns. */
const SAMPLE = 100;
const CHARACTERS = { number: 6, text: 10, max: 34 };
const TINT = 1_600;

export interface GridProps {
  label: string;
  columns: readonly string[];
  rows: Source;
  sort: Sort | null;
  onSort: (next: Sort | null) => void;
  chosen: string | null;
  onPick: (row: Kept) => void;
  onClose: () => void;
}

interface Shape {
  numeric: Set<string>;
  template: string;
  width: number;
}

/** Returns which columns hold numbers, and how wide each is by what its first rows hold. */
export function shape(columns: readonly string[], rows: readonly Kept[]): Shape {
  const sample = rows.slice(0, SAMPLE);
  const numeric = new Set(
    columns.filter((name) => {
      const values = sample.map((row) => own(row.data, name)).filter((value) => value !== null && value !== undefined);
      return values.length > 0 && values.every(isNumber);
    }),
  );
  const widths = columns.map((name) => {
    // One long value does not make a column wide.
    const lengths = sample.map((row) => plain(own(row.data, name)).length).sort((a, b) => a - b);
    const usual = lengths[Math.floor(lengths.length * 0.9)] ?? 0;
    const least = numeric.has(name) ? CHARACTERS.number : CHARACTERS.text;
    const characters = Math.min(CHARACTERS.max, Math.max(least, name.length + 2, usual));
    return Math.round(characters * 7.6 + 26);
  });
  return {
    numeric,
    template: widths.map((width) => `minmax(${width}px, ${width}fr)`).join(" "),
    width: widths.reduce((sum, width) => sum + width, 0),
  };
}

function useNarrow(): boolean {
  const query = useRef(matchMedia("(max-width: 600px)"));
  const [isNarrow, set] = useState(query.current.matches);
  useEffect(() => {
    const read = () => set(query.current.matches);
    query.current.addEventListener("change", read);
    return () => query.current.removeEventListener("change", read);
  }, []);
  return isNarrow;
}

/** The rows from one place to another that are at hand. */
function atHand(rows: Source, first: number, last: number): Kept[] {
  const places = Array.from({ length: Math.max(0, Math.min(last, rows.length) - first) }, (_, index) => rows.at(first + index));
  return places.filter((row) => row !== undefined);
}

/** The row that keys act on: its place, which follows it when it moves. */
interface Cursor {
  at: number;
  signature: string | null;
}

export function Grid(props: GridProps) {
  const { label, columns, rows, sort, chosen, onPick } = props;
  const box = useRef<HTMLDivElement>(null);
  const isNarrow = useNarrow();
  const height = isNarrow ? ROW_NARROW : ROW;
  const head = isNarrow ? 0 : ROW;
  const sight = useSight(box, rows.length * height, head);
  const [cursor, setCursor] = useState<Cursor | null>(null);
  const { template, width, numeric } = useShape(columns, rows);
  const first = Math.max(0, Math.floor(sight.top / height) - MORE);
  const last = Math.min(rows.length, Math.ceil((sight.top + sight.height) / height) + MORE);
  useEffect(() => rows.need(first, last));
  const found = cursor?.signature == null ? -1 : rows.indexOf(cursor.signature);
  const at = found >= 0 ? found : (cursor?.at ?? -1);
  const move = (wanted: number) => {
    const to = Math.max(0, Math.min(rows.length - 1, wanted));
    if (to >= rows.length) return;
    setCursor({ at: to, signature: rows.at(to)?.signature ?? null });
    const over = (to + 1) * height + head - (sight.top + sight.height);
    // As little as shows the row.
    if (to * height < sight.top) sight.go(to * height);
    else if (over > 0) sight.go(sight.top + over);
  };
  const onKey = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((sight.height - head) / height) - 1);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: Infinity }[event.key];
    const row = rows.at(at);
    if (event.key === "Escape") props.onClose();
    if (event.key === "Enter" && row) onPick(row);
    if (to === undefined && event.key !== "Enter") return;
    event.preventDefault();
    if (to !== undefined) move(to);
  };
  const active = rows.at(at);
  const size = { height: `${sight.whole}px`, minWidth: isNarrow ? "0" : `${width}px` };
  return (
    <div
      class="table"
      role="grid"
      ref={box}
      tabIndex={0}
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length}
      aria-activedescendant={active && at >= first && at < last ? `row-${active.signature}` : undefined}
      onKeyDown={onKey}
    >
      <Head columns={columns} sort={sort} onSort={props.onSort} numeric={numeric} template={template} width={width} />
      <div class="rows" role="rowgroup" style={size}>
        {Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index).map((place) => {
          const row = rows.at(place);
          const top = place * height - sight.shift;
          if (!row) return <Unread key={`at ${place}`} at={place} top={top} columns={columns.length} />;
          return (
            <Line
              key={row.signature}
              row={row}
              at={place}
              top={top}
              columns={columns}
              numeric={numeric}
              template={isNarrow ? null : template}
              sorted={sort?.column ?? null}
              isChosen={row.signature === chosen}
              isCursor={place === at}
              pick={() => {
                setCursor({ at: place, signature: row.signature });
                onPick(row);
              }}
            />
          );
        })}
      </div>
    </div>
  );
}

/** The widths are those of the rows when they were sorted, so that columns do not move while values change. */
function useShape(columns: readonly string[], rows: Source): Shape {
  const kept = useRef<{ key: unknown; isKnown: boolean; shape: Shape } | null>(null);
  const before = kept.current;
  if (before !== null && before.key === rows.key && before.isKnown) return before.shape;
  const sample = atHand(rows, 0, SAMPLE);
  const next = { key: rows.key, isKnown: sample.length > 0, shape: shape(columns, sample) };
  kept.current = next;
  return next.shape;
}

/** A row in sight that is still being read. */
function Unread({ at, top, columns }: { at: number; top: number; columns: number }) {
  return (
    <div class="row unread" role="row" aria-rowindex={at + 2} aria-busy="true" style={{ transform: `translateY(${top}px)` }}>
      <span role="gridcell" aria-colspan={columns}>
        <span class="hidden">is being read</span>
      </span>
    </div>
  );
}

interface HeadProps {
  columns: readonly string[];
  sort: Sort | null;
  onSort: (next: Sort | null) => void;
  numeric: Set<string>;
  template: string;
  width: number;
}

function Head({ columns, sort, onSort, numeric, template, width }: HeadProps) {
  return (
    <div class="columns" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template, minWidth: `${width}px` }}>
      {columns.map((name, index) => {
        const isSorted = sort?.column === name;
        const next = { column: name, descending: isSorted ? !sort.descending : numeric.has(name) };
        const order = isSorted ? (sort.descending ? "descending" : "ascending") : undefined;
        return (
          <div
            key={name}
            role="columnheader"
            aria-colindex={index + 1}
            class={numeric.has(name) ? "right" : ""}
            aria-sort={order}
          >
            <button type="button" tabIndex={-1} onClick={() => onSort(next)}>
              <Text of={name} />
              <span aria-hidden="true">{isSorted ? (sort.descending ? " ↓" : " ↑") : ""}</span>
            </button>
          </div>
        );
      })}
    </div>
  );
}

interface LineProps {
  row: Kept;
  at: number;
  /** How far from the beginning it is drawn, in pixels. */
  top: number;
  columns: readonly string[];
  numeric: Set<string>;
  /** The widths of the columns; without them the row has two lines. */
  template: string | null;
  sorted: string | null;
  isChosen: boolean;
  isCursor: boolean;
  pick: () => void;
}

function Line({ row, at, top, columns, numeric, template, sorted, isChosen, isCursor, pick }: LineProps) {
  const { touched, data } = row;
  const isFresh = touched !== null && performance.now() - touched.at < TINT;
  const style = { transform: `translateY(${top}px)`, gridTemplateColumns: template ?? "none" };
  return (
    <div
      class="row"
      role="row"
      id={`row-${row.signature}`}
      aria-rowindex={at + 2}
      aria-selected={isChosen}
      data-cursor={isCursor ? "" : undefined}
      data-gone={row.gone === null ? undefined : ""}
      data-two={template === null ? "" : undefined}
      style={style}
      onClick={pick}
    >
      {columns.map((name, index) => {
        const value = own(data, name);
        const isTinted = isFresh && touched.columns.has(name);
        const right = isNumber(value) || (numeric.has(name) && value === null);
        return (
          <span
            key={name}
            role="gridcell"
            aria-colindex={index + 1}
            class={`${right ? "right " : ""}${isTinted ? "tint" : ""}`}
            data-sorted={name === sorted ? "" : undefined}
          >
            <Cell value={value} />
          </span>
        );
      })}
    </div>
  );
}
