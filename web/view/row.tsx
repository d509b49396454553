/* One row: all of its values, and why it is here. */

import type { Following } from "../data/following.ts";
import type { Kept } from "../data/fold.ts";
import { own } from "../data/json.ts";
import { painted } from "../data/paint.ts";
import type { Diff, Result } from "../data/types.ts";
import { of } from "../data/client.ts";
import type { Explanation } from "../data/why.ts";
import { choose, place } from "../app/routes.ts";
import { Button } from "../part/button.tsx";
import { Text, Time, Whole } from "../part/text.tsx";
import { Changes, Sign } from "./change.tsx";
import { Explained } from "./explained.tsx";
import { Panel } from "./panel.tsx";
import { useRead } from "./use-read.ts";

/** How many of its changes are shown. */
const HISTORY_MAX = 20;

interface RowPanelProps {
  signature: string;
  row: Kept | undefined;
  columns: readonly string[];
  following: Following;
  /** Whether the caller may ask why. */
  canExplain: boolean;
}

export function RowPanel({ signature, row, columns, following, canExplain }: RowPanelProps) {
  painted.value;
  const isExplained = canExplain && place.value.search.get("why") === "1";
  return (
    <Panel label="The chosen row" title={row && row.gone !== null ? "This row is gone" : "Row"} param="row">
      <p class="muted note">
        signature <span class="mono">{signature.replace(/(.{4})(?=.)/g, "$1 ")}</span>
      </p>
      {row ? (
        <dl class="values">
          {columns.map((name) => (
            <>
              <dt>
                <Text of={name} />
              </dt>
              <dd>
                <Whole value={own(row.data, name)} />
              </dd>
            </>
          ))}
        </dl>
      ) : (
        <p>
          {following.view
            ? "It is not among the rows that were read here."
            : "No row has this signature now. It may be gone, or its values that identify it have changed."}
        </p>
      )}
      {isExplained ? (
        <Why id={following.id} signature={signature} columns={columns} key={signature} />
      ) : (
        <>
          {/* To explain a row, the query is evaluated: a person asks for it. It then stays open for the rows that follow. */}
          {canExplain ? (
            <Button act={() => choose({ why: "1" })}>{row && row.gone === null ? "Why is it here?" : "Why is it not here?"}</Button>
          ) : null}
          <History signature={signature} following={following} />
        </>
      )}
    </Panel>
  );
}

function Why({ id, signature, columns }: { id: string; signature: string; columns: readonly string[] }) {
  const body = JSON.stringify({ row_signature: signature });
  const read = useRead<Explanation>(of("queries", id, "/why"), null, { method: "POST", body, long: true });
  return <Explained of={read} columns={columns} />;
}

function History({ signature, following }: { signature: string; following: Following }) {
  const found: { result: Result; diff: Diff }[] = [];
  for (const result of following.recent) {
    const diff = result.results.find((one) => one.row_signature === signature);
    if (diff) found.push({ result, diff });
    if (found.length === HISTORY_MAX) break;
  }
  return (
    <>
      <h3>Its latest changes</h3>
      {found.length === 0 ? <p class="muted">None since this page was opened; Diffs reach further back.</p> : null}
      <ol class="history">
        {found.map(({ result, diff }) => (
          <li key={result.sequence}>
            <Time of={result.timestamp} />
            <Sign of={diff.type} />
            <Changes of={diff} columns={following.fold?.columns ?? []} />
          </li>
        ))}
      </ol>
    </>
  );
}
