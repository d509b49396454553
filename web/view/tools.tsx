/* What stands above the rows of a query: search, order, hold, why not, download. */

import { useEffect } from "preact/hooks";
import type { Following } from "../data/following.ts";
import type { Fold } from "../data/fold.ts";
import type { Sort } from "../data/order.ts";
import { changed } from "../data/paint.ts";
import type { Result, Status } from "../data/types.ts";
import { choose } from "../app/routes.ts";
import { Segments } from "../part/button.tsx";
import { WhyNot } from "./no-rows.tsx";
import { Save } from "./save-rows.tsx";

/** How long a changed value is tinted, and a little more. */
const TINT = 1_700;

const FLOWS = [
  { value: "live", label: "Live" },
  { value: "hold", label: "Hold" },
];

function written({ column, descending }: Sort): string {
  return `${descending ? "-" : ""}${column}`;
}

/** Reads `delay` or `-delay`, as addresses have it; `null` if there is no such column. */
export function sortIn(text: string | null, columns: readonly string[]): Sort | null {
  const descending = text?.startsWith("-") ?? false;
  const column = descending ? text?.slice(1) : text;
  return column && columns.includes(column) ? { column, descending } : null;
}

/** Writes an order into the address. */
export function chooseSort(next: Sort | null): void {
  choose({ sort: next && written(next) });
}

/** Has results noticed as they come, and the tint of what they changed end. */
export function useResults(following: Following, key: string, fold: Fold, take: (result: Result, added: string[]) => void): void {
  useEffect(() => {
    let timer: number | null = null;
    following.onResult = (result, added) => {
      take(result, added);
      timer ??= window.setTimeout(() => {
        timer = null;
        changed();
      }, TINT);
    };
    return () => {
      following.onResult = () => {};
      if (timer !== null) clearTimeout(timer);
    };
  }, [following, fold, key]);
}

interface ToolsProps {
  following: Following;
  columns: readonly string[];
  /** What an order is called that nobody has chosen, where there is one. */
  unsorted: string | null;
  sort: Sort | null;
  wanted: string;
  status: Status;
}

export function Tools({ following, columns, unsorted, sort, wanted, status }: ToolsProps) {
  return (
    <div class="tools">
      <input
        class="input"
        type="search"
        aria-label="Search rows"
        placeholder="Search in all columns  /"
        value={wanted}
        onInput={(event) => choose({ q: event.currentTarget.value })}
      />
      <select
        class="input narrow-only"
        aria-label="Sort by"
        value={sort ? written(sort) : ""}
        onChange={(event) => choose({ sort: event.currentTarget.value })}
      >
        {unsorted === null ? null : <option value="">{unsorted}</option>}
        {columns.flatMap((name) => [
          <option value={name} key={name}>
            {name}, least first
          </option>,
          <option value={`-${name}`} key={`-${name}`}>
            {name}, greatest first
          </option>,
        ])}
      </select>
      <Segments
        label="Updates"
        of={FLOWS}
        chosen={following.held === null ? "live" : "hold"}
        choose={(value) => following.hold(value === "hold")}
      />
      <span class="grow" />
      <WhyNot status={status} />
      <Save id={following.id} wanted={wanted} />
    </div>
  );
}
