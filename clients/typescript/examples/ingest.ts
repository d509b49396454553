import { Client } from "livewell";

const livewell = new Client({ url: "http://127.0.0.1:7171" });
const orders = [
  { id: "o1", customer: "c42", total: 250 },
  { id: "o2", customer: "c43", total: 9_007_199_254_740_993n },
];
const { position } = await livewell.ingest("orders", orders, { idempotencyKey: "import 7" });
const { rows } = await livewell.results("big-orders", { position });
for (const { data } of rows) console.log(data["id"], data["total"]);
