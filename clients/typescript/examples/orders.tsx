import { Client } from "livewell";
import { useLiveQuery } from "livewell/react";

type Queries = { "orders-of": { id: string; total: number } };
const livewell = new Client<Queries>({ url: "http://127.0.0.1:7171" });

export function Orders({ customer }: { customer: string }) {
  const { rows, status, error } = useLiveQuery(livewell, "orders-of", { forEach: { customer } });
  return (
    <section>
      <p className="status">{status === "failed" ? error?.message : status}</p>
      <ul>
        {rows.map(({ signature, data }) => (
          <li key={signature}>
            {data.id}: {data.total}
          </li>
        ))}
      </ul>
    </section>
  );
}
