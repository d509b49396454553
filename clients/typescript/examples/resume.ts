import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Client } from "livewell";

const livewell = new Client({ url: "http://127.0.0.1:7171" });
const file = "position.txt";
const after = existsSync(file) ? readFileSync(file, "utf8") : null;

for await (const event of livewell.follow("big-orders", { after })) {
  if (event.type === "reset") console.log("results are missing:", event.reason);
  if (event.type === "result") for (const diff of event.diffs) console.log(diff.type, diff.signature);
  // Behind what was done about it: after a crash the last result comes again, and none is left out.
  if ("id" in event) writeFileSync(file, event.id);
}
