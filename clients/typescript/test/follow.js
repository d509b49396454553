// A page that uses the built client as it is: it follows, and sends changes, until it is told to stop.
import { Client, LiveRows } from "/dist/index.js";

const client = new Client({ url: new URL(location.href).searchParams.get("server"), token: "right", patience: 60_000 });
const fold = new LiveRows();
window.seen = [];
window.snapshots = 0;
window.failure = null;
window.rows = () => Object.fromEntries(fold.rows);
window.position = () => fold.position;
/** Sends changes one after another until `stop` is set; `sent` is the last receipt then. */
window.stop = false;
window.sent = null;

async function follow() {
  for await (const event of client.follow("levels")) {
    if (event.type === "result") window.seen.push(event);
    if (event.type === "snapshot_end") window.snapshots += 1;
    fold.apply(event);
  }
}

async function send() {
  for (let number = 0; !window.stop; number += 1) {
    const id = `t${(number * 7) % 11}`;
    const properties = { id, level: number, owner: `w${number % 2}` };
    const change = { operation: "update", element: { type: "node", id, labels: ["Tank"], properties } };
    const receipt = await client.ingest("tanks", change, { idempotencyKey: `change ${number}` });
    if (receipt.sequence !== number + 1) throw new Error(`change ${number} has sequence ${receipt.sequence}`);
    window.sent = receipt;
  }
  const { rows, id } = await client.results("levels", { position: window.sent.position, wait: 30_000 });
  window.end = { id, rows: Object.fromEntries(rows.map(({ signature, data }) => [signature, data])) };
}

for (const work of [follow, send]) work().catch((error) => (window.failure ??= String(error)));
