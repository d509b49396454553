/* What a component is made of, and who has written it. */

import { print, type Value } from "../data/json.ts";
import type { Definition } from "../data/types.ts";
import { Text, Whole } from "../part/text.tsx";

const BY = { file: "the configuration file", call: "a call", program: "the program that runs it" };

export function Made({ of, leave }: { of: Definition; leave: readonly string[] }) {
  const { definition } = of;
  const isMap = typeof definition === "object" && definition !== null && !Array.isArray(definition);
  const settings = isMap ? Object.entries(definition as { [name: string]: Value }) : [];
  return (
    <>
      <dl class="facts-list">
        {settings
          .filter(([name]) => !leave.includes(name))
          .map(([name, value]) => (
            <>
              <dt>
                <Text of={name} />
              </dt>
              <dd>
                <Setting of={value} />
              </dd>
            </>
          ))}
        <dt>Written by</dt>
        <dd>
          {BY[of.by] ?? <Text of={of.by} />}
          {of.differs_from_file ? ", and the file says something else" : ""}
        </dd>
      </dl>
      {of.differs_from_file && of.in_file !== null ? (
        <details>
          <summary>What the file says</summary>
          <pre class="code" tabIndex={0}>
            <Text of={print(of.in_file, "\n")} lines />
          </pre>
        </details>
      ) : null}
    </>
  );
}

function Setting({ of }: { of: Value }) {
  if (typeof of === "string") return <Text of={of} lines />;
  if (Array.isArray(of) && of.every((item) => typeof item === "string")) return <Text of={of.join(", ")} />;
  return <Whole value={of} />;
}
