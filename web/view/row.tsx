/* One row: all of its values, and what is known of how it came about. */

import type { Following } from "../data/following.ts";
import { differing, type Kept } from "../data/fold.ts";
import { own } from "../data/json.ts";
import type { Diff, Result } from "../data/types.ts";
import { choose } from "../app/routes.ts";
import { Button } from "../part/button.tsx";
import { Cell, Text, Time, Whole } from "../part/text.tsx";

/** How many of its changes are shown. */
const HISTORY_MAX = 20;

/** Closes the panel and gives the focus back to the rows. */
function close(): void {
  choose({ row: null });
  document.querySelector<HTMLElement>("[role=grid]")?.focus();
}

export function RowPanel({ signature, row, following }: { signature: string; row: Kept | undefined; following: Following }) {
  const columns = following.fold?.columns ?? [];
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape") close();
  };
  return (
    <aside class="card panel" aria-label="The chosen row" onKeyDown={onKey}>
      <header>
        <h2>{row && row.gone !== null ? "This row is gone" : "Row"}</h2>
        <span class="grow" />
        <Button class="quiet small" act={close}>
          Close
        </Button>
      </header>
      <div class="pad">
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
          <p>No row has this signature now. It may be gone, or its values that identify it have changed.</p>
        )}
        <History signature={signature} following={following} />
      </div>
    </aside>
  );
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

const SIGNS = { ADD: ["+", "added"], UPDATE: ["~", "updated"], DELETE: ["−", "deleted"] } as const;

/** The kind of a diff as a sign. */
export function Sign({ of }: { of: Diff["type"] }) {
  const [sign, word] = SIGNS[of];
  return (
    <b class="sign" data-type={of} role="img" aria-label={word}>
      {sign}
    </b>
  );
}

/** What a diff changed: of an update only the columns that differ, before and after. */
export function Changes({ of, columns, skip }: { of: Diff; columns: readonly string[]; skip?: string | undefined }) {
  if (of.type === "UPDATE") {
    const { before = {}, after = {} } = of;
    const names = differing(columns, before, after);
    return (
      <span class="changes">
        {names.map((name, index) => (
          <>
            {index > 0 ? ", " : ""}
            <span class="muted">
              <Text of={name} />
            </span>{" "}
            <s>
              <Cell value={own(before, name)} />
            </s>{" "}
            →{" "}
            <b>
              <Cell value={own(after, name)} />
            </b>
          </>
        ))}
      </span>
    );
  }
  const { data = {} } = of;
  const shown = columns.filter((name) => name !== skip);
  return (
    <span class="changes" data-type={of.type}>
      {shown.map((name, index) => (
        <>
          {index > 0 ? ", " : ""}
          <Cell value={own(data, name)} />
        </>
      ))}
    </span>
  );
}
