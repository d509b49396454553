/* Views that are a script of their own, loaded when one is opened. */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { asRefusal, type Refusal } from "../data/client.ts";
import { Problem, Skeleton } from "../part/problem.tsx";

type Editors = typeof import("./editor/index.tsx");

/** What a view takes. */
type Props<View> = View extends (props: infer P) => unknown ? (unknown extends P ? object : P) : object;

/** A view of the editors' script; `of` names it there. */
export function Late<Name extends keyof Editors>({ of, ...props }: { of: Name } & Props<Editors[Name]>) {
  const [editors, setEditors] = useState<Editors | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const load = async () => {
    setRefusal(null);
    await import("./editor/index.tsx").then(setEditors, (error: unknown) => setRefusal(asRefusal(error)));
  };
  useEffect(() => void load(), []);
  if (refusal) return <Problem of={refusal} retry={load} />;
  if (!editors) {
    return (
      <div class="late">
        <Skeleton height={40} />
        <Skeleton height={420} />
      </div>
    );
  }
  const View = editors[of] as unknown as ComponentType<typeof props>;
  return <View {...props} />;
}
