/*
 * Which part of a long table is in sight.
 *
 * Browsers cut off or ignore heights beyond some 16 million pixels. A table that would be higher than `HEIGHT_MAX` is that
 * high, and its scroll bar stands for all of it: dragging it goes through millions of rows, while wheel and keys move by
 * rows.
 */

import { useLayoutEffect, useRef, useState } from "preact/hooks";

const HEIGHT_MAX = 8_000_000;

export interface Sight {
  /** How far the first row in sight is from the beginning, in pixels of a table of full height. */
  top: number;
  /** How high the part in sight is. */
  height: number;
  /** How high the table is made. */
  whole: number;
  /** How much less than in full height rows are from the beginning, where they are in sight. */
  shift: number;
  /** Goes to a place, in pixels of full height. */
  go: (top: number) => void;
}

/** Follows a box in which rows of `full` pixels, and a head above them, scroll. */
export function useSight(box: { current: HTMLElement | null }, full: number, head: number): Sight {
  const [seen, set] = useState({ top: 0, scroll: 0, height: 600 });
  const whole = Math.min(full, HEIGHT_MAX);
  const isMapped = full > whole;
  /** Where the box was put: its own scroll event is none of a person. */
  const put = useRef(-1);
  const room = (height: number) => ({ here: Math.max(1, whole + head - height), full: Math.max(1, full + head - height) });
  const go = (top: number) => {
    const element = box.current;
    if (!element) return;
    const { here, full: all } = room(element.clientHeight);
    const kept = Math.max(0, Math.min(all, top));
    put.current = isMapped ? Math.round((kept / all) * here) : kept;
    element.scrollTop = put.current;
    put.current = element.scrollTop;
    set({ top: isMapped ? kept : element.scrollTop, scroll: element.scrollTop, height: element.clientHeight });
  };
  const current = useRef({ go, top: seen.top });
  current.current = { go, top: seen.top };
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const read = () => {
      const { scrollTop, clientHeight } = element;
      if (isMapped && Math.abs(scrollTop - put.current) < 1) {
        set((before) => ({ ...before, scroll: scrollTop, height: clientHeight }));
        return;
      }
      put.current = -1;
      const { here, full: all } = room(clientHeight);
      const top = isMapped ? Math.min(1, scrollTop / here) * all : scrollTop;
      set({ top, scroll: scrollTop, height: clientHeight });
    };
    const wheel = (event: WheelEvent) => {
      if (!isMapped || event.ctrlKey || event.deltaY === 0) return;
      event.preventDefault();
      const unit = [1, 32, element.clientHeight][event.deltaMode] ?? 1;
      current.current.go(current.current.top + event.deltaY * unit);
    };
    const observer = new ResizeObserver(read);
    observer.observe(element);
    element.addEventListener("scroll", read, { passive: true });
    element.addEventListener("wheel", wheel, { passive: false });
    read();
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", read);
      element.removeEventListener("wheel", wheel);
    };
  }, [full, head]);
  return { top: seen.top, height: seen.height, whole, shift: isMapped ? seen.top - seen.scroll : 0, go };
}
