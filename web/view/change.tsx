/* A diff: its kind, and what it changed. */

import { differing } from "../data/fold.ts";
import { own } from "../data/json.ts";
import type { Diff } from "../data/types.ts";
import { Cell, Text } from "../part/text.tsx";

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
