/* Components as a table; below 600 pixels each is a card of its own. */

import type { Node } from "../data/types.ts";
import { to } from "../app/routes.ts";
import { Mark } from "../part/mark.tsx";
import { Text } from "../part/text.tsx";
import { count, duration, inWords, rate } from "../text.ts";

export function ComponentTable({ of }: { of: Node[] }) {
  return (
    <div class="scroll">
      <table class="components">
        <caption class="hidden">Components</caption>
        <thead>
          <tr>
            <th scope="col">Component</th>
            <th scope="col">State</th>
            <th scope="col" class="right">
              Rate
            </th>
            <th scope="col" class="right">
              Behind
            </th>
            <th scope="col" class="right">
              Rows, elements
            </th>
            <th scope="col">Note</th>
          </tr>
        </thead>
        <tbody>
          {of.map((node) => (
            <Line of={node} key={`${node.kind} ${node.id}`} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Line({ of }: { of: Node }) {
  const { value, unit } = rate(of.per_second);
  return (
    <tr>
      <td>
        <a href={to(of.kind, of.id)}>
          <Text of={of.id} />
        </a>{" "}
        <small class="muted">{of.type ? <Text of={`${of.type} ${of.kind}`} /> : of.kind}</small>
      </td>
      <td class="state">
        <Mark of={of.state} /> {inWords(of.state)}
      </td>
      <td class="right num">
        {value} {unit}
      </td>
      <td class="right num">{behind(of)}</td>
      <td class="right num">{of.kind === "reaction" ? "-" : count(of.rows)}</td>
      <td class="muted">{note(of)}</td>
    </tr>
  );
}

function behind(node: Node): string {
  if (node.kind !== "source") return count(node.lag);
  return node.lag_seconds === null ? "-" : duration(node.lag_seconds);
}

function note(node: Node) {
  if (node.error) return <Text of={node.error.message} />;
  if (node.parked > 0) return `${count(node.parked)} parked`;
  if (node.dead_letters > 0) return `${count(node.dead_letters)} dead letters`;
  return node.log_share !== null && node.log_share > 0.5 ? `log ${Math.round(node.log_share * 100)} % full` : "";
}
