/*
 * Saves an answer as a file. It is called with the token, so a link cannot do it. The browser keeps what comes in a blob,
 * on its disk if that is large; the page itself holds none of it.
 */

import { inTurn, open } from "../data/client.ts";

/** How an answer is asked for that is saved. */
export interface Wanted {
  accept: string;
  method?: string;
}

/** Saves an answer under a name. Other calls do not wait for it. */
export async function download(path: string, name: string, wanted: Wanted): Promise<void> {
  const blob = await inTurn({ file: true }, async () => (await open(path, wanted)).blob());
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken the address by the time that it is free again.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
