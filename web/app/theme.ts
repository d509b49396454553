/* Light or dark: as the system has it, unless a person has chosen. */

import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const KEY = "livewell.theme";
const THEMES: readonly Theme[] = ["system", "light", "dark"];

function kept(): Theme {
  const found = localStorage.getItem(KEY) as Theme;
  return THEMES.includes(found) ? found : "system";
}

export const theme = signal<Theme>("system");

/** Applies what was chosen before. */
export function begin(): void {
  set(kept());
}

/** Chooses light, dark, or what the system has. */
export function set(next: Theme): void {
  theme.value = next;
  const { dataset } = document.documentElement;
  if (next === "system") {
    localStorage.removeItem(KEY);
    delete dataset["theme"];
  } else {
    localStorage.setItem(KEY, next);
    dataset["theme"] = next;
  }
}

/** Chooses the next one. */
export function next(): void {
  set(THEMES[(THEMES.indexOf(theme.peek()) + 1) % THEMES.length] ?? "system");
}
