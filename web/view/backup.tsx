/* A backup of the store: what it is about, and how much, before it is downloaded. */

import type { StoreAnswer } from "../data/held.ts";
import { Button, obstacle } from "../part/button.tsx";
import { ask } from "../part/dialog.tsx";
import { download } from "../part/download.ts";
import { say, sayWhy } from "../part/toast.tsx";
import { bytes, count } from "../text.ts";

/** What to do with the file, and with a server that may ask for a token. */
export function Backup({ of }: { of: StoreAnswer }) {
  const inMemory = of.room.kind === "memory" ? "The store is in memory: there is nothing of it to keep." : null;
  return (
    <Button act={() => askBackup(of)} unless={inMemory ?? obstacle("administer")}>
      Backup...
    </Button>
  );
}

function askBackup(of: StoreAnswer): void {
  const { file_bytes: file } = of.room;
  const used = file === null ? null : Math.max(0, file - (of.reusable_bytes ?? 0));
  // The name says which store it is of.
  const name = `livewell-${of.store_id}.mdb`;
  ask({
    title: "Take a backup of the store?",
    body: (
      <>
        <p>
          {used === null ? "All of the store" : `About ${bytes(used)}`}, as it is after one commit, at position {count(of.position)} or
          later: elements, logs, rows, state, places of readers, parked input and dead letters. Free pages of the file are left out. The
          configuration and its secrets are not in it.
        </p>
        <p>
          Everything goes on meanwhile. Until the last byte is here, pages that become free are not used again, so the store's file grows by
          what is written.
        </p>
        <p>To check the file and make it a backup, run:</p>
        <pre class="code" tabIndex={0}>{`livewell backup DIR --file ${name}`}</pre>
        <p class="muted">
          <code>livewell backup DIR</code> alone does both, and checks what is there before it ends.
        </p>
      </>
    ),
    verb: "Download",
    keep: "Not now",
    destroys: false,
    typed: null,
    // It goes on without the dialog.
    act: async () => {
      say("The server is sending the backup.");
      const request = { accept: "application/octet-stream", method: "POST" };
      void download("/api/v1/backup", name, request).then(() => say(`${name} is downloaded.`), sayWhy);
    },
  });
}
