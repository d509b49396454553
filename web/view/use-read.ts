/* One answer that a view shows: read when it opens, and again when asked. */

import { useEffect, useRef, useState } from "preact/hooks";
import { asRefusal, call, isAborted, type Options, type Refusal } from "../data/client.ts";

export interface ReadState<T> {
  answer: T | null;
  refusal: Refusal | null;
  again: () => Promise<void>;
}

/**
 * Reads a path. With `every`, it is read again after so many milliseconds while the tab is looked at. Without a path nothing
 * is asked yet.
 */
export function useRead<T>(path: string | null, every: number | null = null, options: Options = {}): ReadState<T> {
  const [answer, setAnswer] = useState<T | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const closing = useRef(new AbortController());
  const again = async () => {
    const own = closing.current;
    if (path === null) return;
    try {
      const found = await call<T>(path, { ...options, signal: own.signal });
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
    setRefusal(null);
    void again();
    const timer = every === null ? null : setInterval(() => document.hidden || void again(), every);
    return () => {
      own.abort();
      if (timer !== null) clearInterval(timer);
    };
  }, [path, options.body]);
  return { answer, refusal, again };
}
