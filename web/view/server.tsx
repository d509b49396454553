/* This server, in a few facts. */

import { now, painted } from "../data/paint.ts";
import { world } from "../data/store.ts";
import { Text, Time } from "../part/text.tsx";
import { bytes, duration } from "../text.ts";

export function ThisServer() {
  painted.value;
  const { server } = world;
  if (!server) return null;
  const { store } = server;
  const up = Math.max(0, (now.value - new Date(server.started).getTime()) / 1000);
  return (
    <section class="card">
      <header>
        <h2>This server</h2>
        <a class="note" href="#/store">
          What the store holds
        </a>
      </header>
      <dl class="facts-list pad">
        <dt>Version</dt>
        <dd>
          <Text of={server.version} />
        </dd>
        <dt>Started</dt>
        <dd>
          <Time of={server.started} />, up for {duration(Math.max(60, up))}
        </dd>
        <dt>Store</dt>
        <dd>
          <Text of={store.engine ? `${store.kind}, ${store.engine}` : store.kind} />
          {store.data_bytes === null ? "" : `, ${bytes(store.data_bytes)}`}
          {store.limit_bytes === null ? "" : ` of ${bytes(store.limit_bytes)}`}
        </dd>
        {store.available_bytes === null ? null : (
          <>
            <dt>Disk</dt>
            <dd>
              {bytes(store.available_bytes)} free
              {store.disk_bytes === null ? "" : ` of ${bytes(store.disk_bytes)}`}
            </dd>
          </>
        )}
        {server.memory_bytes === null ? null : (
          <>
            <dt>Memory</dt>
            <dd>{bytes(server.memory_bytes)} resident</dd>
          </>
        )}
        <dt>You</dt>
        <dd>
          <Text of={server.caller} />, may {server.scopes.join(", ")}
        </dd>
      </dl>
    </section>
  );
}
