/* Saves the template of a reaction, which then goes on where it was, also if it was stopped or in error. */

import { save, start } from "../data/actions.ts";
import { call, of } from "../data/client.ts";
import { foreseeSaving } from "../data/foreseen.ts";
import { print, type Value } from "../data/json.ts";
import type { Definition, Node, State, Status } from "../data/types.ts";
import { ask } from "../part/dialog.tsx";
import { say, sayWhy } from "../part/toast.tsx";
import { Changing } from "./saving.tsx";

/** What the server writes in the place of a secret that was written out. */
const SECRET = "secret_at";
/** In these states it does not deliver until it is started. */
const IDLE: readonly State[] = ["stopped", "paused", "error"];

/** Asks before a template is saved; `saved` is called once it is. */
export async function askSave(status: Status, live: Node | undefined, template: string, saved: () => void): Promise<void> {
  const { id } = status;
  const starts = IDLE.includes(live?.state ?? status.state);
  try {
    const { definition, hash } = await call<Definition>(of("reactions", id, "/definition"), { urgent: true });
    if (typeof definition !== "object" || definition === null || hasSecret(definition)) {
      return say(`The definition of ${id} contains a secret, which is not shown here: change the template in the configuration.`);
    }
    const next = print({ ...(definition as { [name: string]: Value }), template });
    const foreseen = await foreseeSaving("reaction", id, next, false, hash);
    ask({
      title: `Save the template of ${id}?`,
      body: <Changing of={foreseen} text={null} />,
      verb: starts ? "Save and start" : "Save",
      keep: "Not yet",
      destroys: false,
      typed: null,
      act: async () => {
        await save("reaction", id, next, false, foreseen.hash);
        if (starts) await begin(id);
        say(`${id} goes on with the new template.`);
        saved();
      },
    });
  } catch (error) {
    sayWhy(error);
  }
}

/** Starts a reaction that is still stopped: by its settings, or by somebody. */
async function begin(id: string): Promise<void> {
  const { state } = await call<Status>(of("reactions", id), { urgent: true });
  if (state === "stopped" || state === "paused") await start("reaction", id);
}

function hasSecret(value: Value): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.hasOwn(value, SECRET) || Object.values(value).some(hasSecret);
}
