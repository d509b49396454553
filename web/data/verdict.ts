/* One sentence that answers: is everything all right? */

import { things } from "../text.ts";
import { world } from "./store.ts";

const NUMBERS = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"];

/** Returns the sentence. */
export function verdict(): string {
  const { known, total, needsCount } = world;
  if (!known) return "";
  if (total === 0) return "Nothing runs here yet";
  if (needsCount > 0) {
    const many = needsCount < NUMBERS.length ? NUMBERS[needsCount] : String(needsCount);
    return `${many} ${needsCount === 1 ? "thing needs" : "things need"} you`;
  }
  const behind = running();
  if (behind > 0) return `Catching up: ${behind} of ${total}`;
  const stopped = total - caughtUp();
  if (stopped > 0) return `Everything that runs is caught up`;
  return "Everything is caught up";
}

/** Returns what is added to the sentence. */
export function detail(): string {
  const { total, needsCount } = world;
  if (needsCount > 0 || running() > 0) return `${caughtUp()} of ${things(total, "component")} are caught up.`;
  const stopped = world.counts.reduce((sum, { state, count }) => sum + (state === "stopped" || state === "paused" ? count : 0), 0);
  if (stopped > 0) return `${things(total, "component")}, ${stopped} of them stopped or paused.`;
  return `${things(total, "component")}.`;
}

function running(): number {
  return sum("running", "starting");
}

function caughtUp(): number {
  return sum("caught_up");
}

function sum(...states: string[]): number {
  return world.counts.reduce((sum, { state, count }) => sum + (states.includes(state) ? count : 0), 0);
}
