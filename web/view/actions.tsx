/* What can be done to a component, in its head. */

import * as actions from "../data/actions.ts";
import { of } from "../data/client.ts";
import { to } from "../app/routes.ts";
import { section, type Node, type Status } from "../data/types.ts";
import { Button, obstacle } from "../part/button.tsx";
import { Menu, type Entry } from "../part/menu.tsx";
import { say, sayWhy } from "../part/toast.tsx";
import { things } from "../text.ts";
import { copy } from "./copy.ts";
import { askRemove, askReset, RESETS } from "./costs.tsx";

export interface ActionProps {
  status: Status;
  node: Node | undefined;
  reread: () => Promise<void>;
}

const GONE = "It is not in the configuration this server runs with.";

export function Actions({ status, node, reread }: ActionProps) {
  const { kind, id } = status;
  const state = node?.state ?? status.state;
  const isIdle = state === "stopped" || state === "paused" || state === "error";
  const forbidden = obstacle("operate") ?? (status.configured ? null : GONE);
  const start = async () => {
    await actions.start(kind, id).then(() => say(`${id} starts where it was.`, undo(actions.stop)), sayWhy);
    await reread();
  };
  const stop = async () => {
    await actions.stop(kind, id).then(() => say(`${id} is stopped. Its place is kept.`, undo(actions.start)), sayWhy);
    await reread();
  };
  const undo = (act: typeof actions.stop) => async () => {
    await act(kind, id);
    await reread();
  };
  return (
    <div class="actions">
      {kind === "query" && status.configured ? (
        <a class="button" href={to(kind, id, "edit")}>
          Edit
        </a>
      ) : null}
      {kind === "query" ? <Verify id={id} unless={forbidden} /> : null}
      <Button class={state === "error" ? "primary start" : "start"} act={isIdle ? start : stop} unless={forbidden}>
        {isIdle ? "Start" : "Stop"}
      </Button>
      <Menu label="More" of={entries(status, forbidden)} />
    </div>
  );
}

function entries(status: Status, forbidden: string | null): Entry[] {
  const { kind, id } = status;
  const address = `${location.origin}${of(section(kind), id)}`;
  return [
    ...(kind === "query" ? [] : [edit(status)]),
    { label: "Its events", act: () => (location.hash = `#/events?component=${encodeURIComponent(id)}`) },
    { label: "Copy as curl", act: () => copy(`curl ${address}`) },
    { label: `${RESETS[kind]}...`, act: () => void askReset(status), unless: forbidden },
    { label: "Remove...", act: () => void askRemove(status), destroys: true, unless: obstacle("administer") },
  ];
}

function edit({ kind, id, configured }: Status): Entry {
  const unless = obstacle("administer") ?? (configured ? null : GONE);
  return { label: "Edit", act: () => (location.hash = to(kind, id, "edit")), unless };
}

function Verify({ id, unless }: { id: string; unless: string | null }) {
  const verify = async () => {
    try {
      const { equal, rows, sequence, differences } = await actions.verify(id);
      if (equal) say(`Equal: ${things(rows, "row")} at sequence ${sequence}, evaluated from scratch.`);
      else say(`Not equal at sequence ${sequence}: ${things(differences.length, "difference")}. ${differences[0] ?? ""}`);
    } catch (error) {
      sayWhy(error);
    }
  };
  return (
    <Button act={verify} unless={unless}>
      Verify
    </Button>
  );
}
