/* The kinds of sources or of reactions that a server has. */

import { useEffect, useState } from "preact/hooks";
import { asRefusal, type Refusal } from "../../data/client.ts";
import { readKinds, type KindOf, type Kinds, type Written } from "../../data/items.ts";
import { section } from "../../data/types.ts";

/** Reads the kinds once; there are none until they have come. */
export function useKinds(of: Written): { kinds: KindOf[] | null; refusal: Refusal | null } {
  const [kinds, setKinds] = useState<Kinds | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  useEffect(() => {
    const closing = new AbortController();
    readKinds(closing.signal).then(setKinds, (error: unknown) => closing.signal.aborted || setRefusal(asRefusal(error)));
    return () => closing.abort();
  }, []);
  return { kinds: kinds && kinds[section(of) as keyof Kinds], refusal };
}
