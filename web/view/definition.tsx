/* What a component is made of, and who has written it. */

import { save } from "../data/actions.ts";
import { foreseeSaving } from "../data/foreseen.ts";
import { print, type Value } from "../data/json.ts";
import type { Definition } from "../data/types.ts";
import { Button, obstacle } from "../part/button.tsx";
import { ask } from "../part/dialog.tsx";
import { Text, Whole } from "../part/text.tsx";
import { say, sayWhy } from "../part/toast.tsx";
import { copy } from "./copy.ts";
import { Changing } from "./saving.tsx";

/** What the server writes in the place of a secret. */
const NOT_SHOWN = "# set, and not shown";
const BY = { file: "the configuration file", call: "a call", program: "the program that runs it" };

interface MadeProps {
  of: Definition;
  /** The settings that are shown elsewhere. */
  leave: readonly string[];
  /** Reads it again. */
  again: () => Promise<void>;
}

export function Made({ of, leave, again }: MadeProps) {
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
          {of.place_in_file ? (
            <>
              {of.by === "file" ? ", " : "; the file names it in "}
              <span class="mono">
                <Text of={of.place_in_file.file} />:{of.place_in_file.line}
              </span>
            </>
          ) : null}
        </dd>
      </dl>
      {of.differs_from_file ? <Differs of={of} again={again} /> : null}
    </>
  );
}

/** What runs and what the file says, with both ways to make them one. */
function Differs({ of, again }: { of: Definition; again: () => Promise<void> }) {
  const isSecret = (of.text_in_file ?? "").includes(NOT_SHOWN);
  const secret = isSecret ? "The file has a secret that is not shown here; livewell apply makes everything as the file says." : null;
  return (
    <section class="differs" aria-label="The file says something else">
      <p>
        <b>The file says something else.</b> What runs stays over restarts, until the file is changed.
      </p>
      <div class="grid halves">
        <Version title="What runs" of={of.text} />
        <Version title="What the file says" of={of.text_in_file} />
      </div>
      <div class="buttons">
        <Button class="small" act={() => copy(of.text ?? "")}>
          Keep what runs: copy it for the file
        </Button>
        <Button class="small" act={() => askTake(of, again)} unless={obstacle("administer") ?? secret}>
          Take what the file says...
        </Button>
      </div>
    </section>
  );
}

function Version({ title, of }: { title: string; of: string | null }) {
  return (
    <div>
      <p class="muted">{title}</p>
      <pre class="code" tabIndex={0}>
        <Text of={of ?? ""} lines />
      </pre>
    </div>
  );
}

/** Asks before a component becomes what the file says. */
async function askTake(of: Definition, again: () => Promise<void>): Promise<void> {
  const { kind, id } = of;
  const definition = print(of.in_file);
  const foreseen = await foreseeSaving(kind, id, definition, false, of.hash).catch(sayWhy);
  if (!foreseen) return;
  ask({
    title: `${id}: take what the file says?`,
    body: <Changing of={foreseen} text={null} />,
    verb: "Take it",
    keep: "Leave it as it is",
    destroys: false,
    typed: null,
    act: async () => {
      await save(kind, id, definition, false, foreseen.hash);
      say(`${id} is as the file says.`);
      await again();
    },
  });
}

function Setting({ of }: { of: Value }) {
  if (typeof of === "string") return <Text of={of} lines />;
  if (Array.isArray(of) && of.every((item) => typeof item === "string")) return <Text of={of.join(", ")} />;
  return <Whole value={of} />;
}
