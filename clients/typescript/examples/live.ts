import { Client } from "livewell";

const livewell = new Client({ url: "http://127.0.0.1:7171" });
const orders = livewell.live("orders-of", { forEach: { customer: "c42" } });
await orders.ready;
const show = (): void =>
  console.log(
    orders.status,
    [...orders.rows.values()].map((order) => order["id"]),
  );
orders.subscribe(show);
show();
