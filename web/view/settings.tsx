/* The settings of a source or a reaction, as its author has written them. */

import { of } from "../data/client.ts";
import type { Definition, Section } from "../data/types.ts";
import { Problem, Skeleton } from "../part/problem.tsx";
import { Made } from "./definition.tsx";
import { useRead } from "./use-read.ts";

export function Settings({ section, id }: { section: Section; id: string }) {
  const { answer, refusal, again } = useRead<Definition>(of(section, id, "/definition"));
  if (refusal) return <Problem of={refusal} retry={again} />;
  if (!answer) {
    return (
      <div class="late">
        <Skeleton height={160} />
      </div>
    );
  }
  return (
    <section class="card pad">
      <Made of={answer} leave={["id"]} again={again} />
    </section>
  );
}
