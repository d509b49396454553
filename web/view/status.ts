/* The status of one component, read again while it is looked at. */

import { useEffect, useRef, useState } from "preact/hooks";
import { asRefusal, call, isAborted, of, type Refusal } from "../data/client.ts";
import { section, type Kind, type Node, type Status } from "../data/types.ts";

const EVERY = 3_000;

export function useStatus(kind: Kind, id: string, live: Node | undefined) {
  const [status, setStatus] = useState<Status | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const closing = useRef<AbortController | null>(null);
  const read = async () => {
    const own = closing.current;
    if (!own || document.hidden) return;
    try {
      const found = await call<Status>(of(section(kind), id), { signal: own.signal });
      if (own.signal.aborted) return;
      setStatus(found);
      setRefusal(null);
    } catch (error) {
      if (!own.signal.aborted && !isAborted(error)) setRefusal(asRefusal(error));
    }
  };
  useEffect(() => {
    const own = new AbortController();
    closing.current = own;
    void read();
    const timer = setInterval(() => void read(), EVERY);
    return () => {
      own.abort();
      clearInterval(timer);
    };
  }, [kind, id, live?.state]);
  return { status, refusal, read };
}

/** Returns the status of a query of which only the rows may be seen. */
export function unknown(id: string): Status {
  const counts = { sequence: 0, position: 0, lag: 0, rows: 0, log_entries: 0, log_bytes: 0, parked: 0, dead_letters: 0, failures: 0 };
  const nothing = { type: null, lag_seconds: null, checked: null, upstream: null, error: null, error_since: null, reads: null };
  const rest = { read_by: null, guarantee: null, keeps_rows: null, configured: true, retries: 0, rates: { per_second: 0 }, epoch: "0" };
  return { id, kind: "query", state: "running", ...counts, ...nothing, ...rest };
}
