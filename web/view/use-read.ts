/* One answer that a view shows: read when it opens, and again when asked. */

import { useEffect, useRef, useState } from "preact/hooks";
import { asRefusal, call, isAborted, type Refusal } from "../data/client.ts";

export interface ReadState<T> {
  answer: T | null;
  refusal: Refusal | null;
  again: () => Promise<void>;
}

/** Reads a path. With `every`, it is read again after so many milliseconds while the tab is looked at. */
export function useRead<T>(path: string, every: number | null = null): ReadState<T> {
  const [answer, setAnswer] = useState<T | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const closing = useRef(new AbortController());
  const again = async () => {
    const own = closing.current;
    try {
      const found = await call<T>(path, { signal: own.signal });
      if (own.signal.aborted) return;
      setAnswer(found);
      setRefusal(null);
    } catch (error) {
      if (!own.signal.aborted && !isAborted(error)) setRefusal(asRefusal(error));
    }
  };
  useEffect(() => {
    const own = new AbortController();
    closing.current = own;
    setAnswer(null);
    void again();
    const timer = every === null ? null : setInterval(() => document.hidden || void again(), every);
    return () => {
      own.abort();
      if (timer !== null) clearInterval(timer);
    };
  }, [path]);
  return { answer, refusal, again };
}
