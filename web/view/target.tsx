/* What the target of a reaction holds, and whether that is what it should hold. */

import { useEffect, useRef, useState } from "preact/hooks";
import { asRefusal, call, isAborted, of, type Refusal } from "../data/client.ts";
import { compare, type Checkpoint, type Compared, type Comparisons, type Differences, type Target } from "../data/reaction.ts";
import { Button, obstacle } from "../part/button.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";
import { Text } from "../part/text.tsx";
import { count, things } from "../text.ts";
import { useRead } from "./use-read.ts";

/** How often it is asked how far a comparison is, in milliseconds. */
const EVERY = 1_000;

const SORTS = [
  { name: "missing", title: "Missing in the target" },
  { name: "changed", title: "With other values" },
  { name: "extra", title: "Not among the live results" },
] as const;

export function TargetView({ id }: { id: string }) {
  const { answer, refusal, again } = useRead<Target>(of("reactions", id, "/target"), null, { long: true });
  return (
    <>
      <section class="card pad target" aria-label="Target">
        {refusal ? <Problem of={refusal} retry={again} /> : null}
        {!answer && !refusal ? <Skeleton height={48} /> : null}
        {answer ? <Held of={answer} again={again} /> : null}
      </section>
      <Comparing id={id} />
    </>
  );
}

function Held({ of, again }: { of: Target; again: () => Promise<void> }) {
  return (
    <>
      <p>
        <Text of={of.target} /> has <b>{things(of.rows, "row")}</b>
        {of.checkpoint ? (
          <>
            , as of <Place of={of.checkpoint} />.
          </>
        ) : (
          ". It holds no checkpoint of this reaction, or is not what the reaction has written last."
        )}
      </p>
      <Button class="small" act={again}>
        Count again
      </Button>
    </>
  );
}

function Place({ of }: { of: Checkpoint }) {
  return (
    <>
      <span class="mono">{`${of.epoch}-${of.sequence}`}</span> of <Text of={of.query_id} />
    </>
  );
}

function Comparing({ id }: { id: string }) {
  const [compared, setCompared] = useState<Compared | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [progress, setProgress] = useState<string | null>(null);
  const closing = useRef(new AbortController());
  useEffect(() => () => closing.current.abort(), []);
  const run = async () => {
    const { signal } = closing.current;
    setRefusal(null);
    setProgress("Comparing...");
    const timer = setInterval(() => void far(id, signal).then((text) => text && setProgress(text)), EVERY);
    try {
      setCompared(await compare(id, signal));
    } catch (error) {
      if (signal.aborted || isAborted(error)) return;
      setCompared(null);
      setRefusal(asRefusal(error));
    } finally {
      clearInterval(timer);
      setProgress(null);
    }
  };
  return (
    <section class="card live compared">
      <header>
        <h2>Compare</h2>
        <span class="muted note" role="status">
          {progress ?? ""}
        </span>
        <span class="grow" />
        <Button act={run} unless={obstacle("operate")}>
          Compare
        </Button>
      </header>
      {refusal ? <Problem of={refusal} retry={run} /> : null}
      {compared ? <Result of={compared} /> : null}
      {compared || refusal ? null : (
        <p class="pad muted">Compares each row of the target with the live results of its checkpoint. Nothing in the target changes.</p>
      )}
    </section>
  );
}

/** How far the comparison is that began first; nothing if that is not known. */
async function far(id: string, signal: AbortSignal): Promise<string | null> {
  try {
    const [first] = (await call<Comparisons>(of("reactions", id, "/compare"), { signal })).comparisons;
    return first?.of ? `Comparing: ${count(first.done)} of about ${things(first.of, "row")}` : null;
  } catch {
    // The call that compares says what is wrong.
    return null;
  }
}

function Result({ of }: { of: Compared }) {
  const { missing, changed, extra } = of;
  return (
    <>
      <p class="pad" data-equal={of.equal ? "" : undefined}>
        {of.equal
          ? `Equal: ${things(of.rows, "row")}`
          : `Not equal: ${count(missing.count)} missing, ${count(changed.count)} with other values, ${count(extra.count)} too many; ${things(of.rows, "row")} in the target, ${things(of.live, "live result")}`}
        , as of <Place of={of.checkpoint} />.
        {of.equal ? null : " Reset the reaction to write the differences."}
      </p>
      {SORTS.map(({ name, title }) => (of[name].count > 0 ? <Sort key={name} title={title} of={of[name]} /> : null))}
    </>
  );
}

function Sort({ title, of }: { title: string; of: Differences }) {
  const more = of.count - of.rows.length;
  return (
    <div class="scroll">
      <table>
        <caption>
          {title}: {count(of.count)}
          {more > 0 ? `, the first ${of.rows.length}` : ""}
        </caption>
        <thead>
          <tr>
            <th>Key</th>
            <th>Should be</th>
            <th>Is</th>
          </tr>
        </thead>
        <tbody>
          {of.rows.map(({ key, expected, found }, index) => (
            <tr key={index}>
              <td class="mono">
                <Text of={key} />
              </td>
              <Side of={expected} />
              <Side of={found} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Side({ of }: { of: string | null }) {
  return <td class={of === null ? "muted" : "mono"}>{of === null ? "nothing" : <Text of={of} />}</td>;
}
