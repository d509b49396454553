/* The properties of a label or type: of which types their values are, with examples and what is worth a look. */

import { to } from "../app/routes.ts";
import { warnings, type LabelOf, type Property } from "../data/coming.ts";
import { Cell, Text } from "../part/text.tsx";
import { count } from "../text.ts";

interface Props {
  source: string;
  of: LabelOf;
  mark: ":" | "-";
  sampled: boolean;
}

export function Properties({ source, of, mark, sampled }: Props) {
  const some = new URLSearchParams({ of: mark + of.name });
  return (
    <section class="card live" aria-label="Properties">
      <header>
        <h2>
          Properties of{" "}
          <code>
            {mark === ":" ? ":" : ""}
            <Text of={of.name} />
          </code>
        </h2>
        <span class="grow" />
        <a class="button small" href={`${to("source", source, "elements")}?${some}`}>
          See some
        </a>
      </header>
      {of.properties.length === 0 ? <p class="pad muted">None has any.</p> : null}
      <ul class="properties">
        {of.properties.map((property) => (
          <One key={property.name} of={property} all={of.count} sampled={sampled} />
        ))}
      </ul>
    </section>
  );
}

function One({ of, all, sampled }: { of: Property; all: number; sampled: boolean }) {
  return (
    <li>
      <p>
        <b class="mono">
          <Text of={of.name} />
        </b>{" "}
        <span class="muted">{types(of, all)}</span>
      </p>
      <Mix of={of} all={all} />
      {of.examples.length > 0 ? (
        <p class="examples">
          {of.examples.map((example, index) => (
            <>
              {index > 0 ? ", " : ""}
              <Cell value={example} />
            </>
          ))}
        </p>
      ) : null}
      {warnings(of, all).map((warning) => (
        <p key={warning} class="flag">
          {warning}
          {sampled ? " (in the sample)" : ""}
        </p>
      ))}
    </li>
  );
}

/** Says of which types the values are, with shares where there are several. */
function types({ types: of, count: have }: Property, all: number): string {
  const sorted = Object.entries(of).sort(([, one], [, other]) => other - one);
  const absent = all - have;
  if (sorted.length === 1 && absent === 0) return sorted[0]?.[0] ?? "";
  const parts = sorted.map(([type, number]) => `${type} ${share(number, all)}`);
  if (absent > 0) parts.push(`absent ${share(absent, all)}`);
  return parts.join(", ");
}

/** Returns a share; what is rare is counted, since `0 %` would hide it. */
function share(number: number, of: number): string {
  const percent = (100 * number) / of;
  if (percent < 1 || (percent > 99 && percent < 100)) return count(number);
  return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** Kinds of values that are drawn alike. */
const KINDS: { [type: string]: string } = { integer: "number", float: "number", decimal: "number", string: "text", boolean: "truth" };

/** The shares as a bar; what it shows is said in words above. */
function Mix({ of, all }: { of: Property; all: number }) {
  const sorted = Object.entries(of.types).sort(([, one], [, other]) => other - one);
  return (
    <svg class="mix" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      {sorted.map(([type, number], index) => {
        const before = sorted.slice(0, index).reduce((sum, [, other]) => sum + other, 0);
        const width = Math.max((100 * number) / all, 1);
        return <rect key={type} data-kind={KINDS[type] ?? "other"} data-odd={index > 0 ? "" : undefined} x={(100 * before) / all} y="0" width={width} height="6" />;
      })}
    </svg>
  );
}
