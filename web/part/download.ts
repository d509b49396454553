/* Saves an answer as a file. It is called with the token, so a link cannot do it. */

import { inTurn, open } from "../data/client.ts";

/** Saves all rows, as the API gives them: one a line. */
export async function download(path: string, name: string): Promise<void> {
  const blob = await inTurn({ urgent: true }, async () => (await open(path, { accept: "application/x-ndjson" })).blob());
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken the address by the time that it is free again.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
