/* One line of what happened. */

import type { Event } from "../data/types.ts";
import { to } from "../app/routes.ts";
import { inWords } from "../text.ts";
import { Mark, type Shown } from "./mark.tsx";
import { Code } from "./problem.tsx";
import { Message, Text, Time } from "./text.tsx";

function mark(event: Event): Shown {
  if (event.to) return event.to;
  if (event.what === "gap" || (event.status ?? 0) >= 400) return "warning";
  return event.what === "stop" || event.call === "stop" ? "stopped" : "running";
}

function words(event: Event): string {
  switch (event.what) {
    case "start":
      return "The server started";
    case "stop":
      return "The server stopped";
    case "state":
      return event.to === "error" ? "is in error" : `is ${inWords(event.to ?? "")}`;
    case "gap":
      return "could not simply continue";
    case "call": {
      const by = event.caller ? ` by ${event.caller}` : "";
      const refused = (event.status ?? 0) >= 400 ? `, refused (${event.status})` : "";
      return `${event.component ? "" : "The server: "}${event.call ?? "a call"}${by}${refused}`;
    }
    default:
      return event.what;
  }
}

export function EventLine({ of }: { of: Event }) {
  const { component } = of;
  return (
    <li class="event">
      <Time of={of.time} />
      <Mark of={mark(of)} />
      <span>
        {component ? (
          <>
            <a href={to(component.kind, component.id)}>
              <Text of={component.id} />
            </a>{" "}
          </>
        ) : null}
        <Text of={words(of)} />
        {of.message ? (
          <>
            : <Message of={of.message} />
          </>
        ) : null}{" "}
        <Code of={of.code} />
      </span>
    </li>
  );
}
