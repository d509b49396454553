/* Reading again when the stream says that something has changed. */

import { useEffect, useRef } from "preact/hooks";

/** The shortest time between two readings, in milliseconds. */
const APART = 1_000;

/** Reads again after `key` has changed, at most once a second, while the tab is looked at. */
export function useWoken(key: string, again: () => Promise<void>): void {
  const read = useRef(again);
  read.current = again;
  const before = useRef({ key, at: performance.now() });
  const timer = useRef<number | null>(null);
  useEffect(() => {
    if (before.current.key === key || timer.current !== null || document.hidden) return;
    const wait = Math.max(0, before.current.at + APART - performance.now());
    timer.current = window.setTimeout(() => {
      timer.current = null;
      before.current = { key, at: performance.now() };
      void read.current();
    }, wait);
  });
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
    },
    [],
  );
}
