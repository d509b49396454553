import { Client } from "livewell";

type Queries = { "big-orders": { id: string; total: number } };
const livewell = new Client<Queries>({ url: "http://127.0.0.1:7171" });

for await (const event of livewell.follow("big-orders")) {
  if (event.type === "row") console.log("there is", event.data.id);
  if (event.type === "result") for (const diff of event.diffs) console.log(diff.type, diff);
}
