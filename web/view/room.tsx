/* How much room the store has, and what other servers keep for its sources. */

import { world } from "../data/store.ts";
import type { Kept, StoreAnswer } from "../data/held.ts";
import { to } from "../app/routes.ts";
import { Text } from "../part/text.tsx";
import { bytes, count, duration } from "../text.ts";

/** A bar as long as a share of something. The number stands beside it. */
export function Share({ of, all }: { of: number; all: number }) {
  const share = all > 0 ? Math.min(1, of / all) : 0;
  return (
    <svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class="ground" width="100" height="8" />
      <rect class="part" width={Math.max(share * 100, of > 0 ? 0.6 : 0).toFixed(1)} height="8" />
    </svg>
  );
}

function Gauge({ name, of, all, note }: { name: string; of: number; all: number; note: string }) {
  return (
    <div class="gauge">
      <p>
        <span class="muted">{name}</span> <b class="num">{bytes(of)}</b> <span class="muted">of {bytes(all)}</span>
      </p>
      <Share of={of} all={all} />
      <p class="muted note">{note}</p>
    </div>
  );
}

export function Room({ of }: { of: StoreAnswer }) {
  const { room, snapshots, reusable_bytes: reusable } = of;
  const { file_bytes: file, limit_bytes: limit, available_bytes: left, disk_bytes: disk } = room;
  return (
    <section class="card">
      <header>
        <h2>Room</h2>
      </header>
      {file !== null && limit !== null ? (
        <Gauge
          name="File"
          of={file}
          all={limit}
          note={reusable === null ? "" : `${bytes(reusable)} are free, and used again before the file grows. The file does not shrink; a backup has no free pages.`}
        />
      ) : null}
      {left !== null && disk !== null ? (
        <Gauge name="Disk" of={disk - left} all={disk} note={`${bytes(left)} are free`} />
      ) : null}
      <dl class="facts-list pad">
        <dt>Kind</dt>
        <dd>
          <Text of={[room.kind, room.engine].filter(Boolean).join(", ")} />
          {room.format === null ? "" : `, format ${room.format}`}
        </dd>
        <dt>Position</dt>
        <dd class="num">{count(of.position)}</dd>
        {snapshots.open === null ? null : (
          <>
            <dt>Being read</dt>
            <dd>
              {count(snapshots.open)} {snapshots.open === 1 ? "commit" : "commits"}
              {snapshots.oldest_seconds === null ? "" : `, the oldest of ${duration(snapshots.oldest_seconds)} ago`}
            </dd>
          </>
        )}
        <dt>Identity</dt>
        <dd class="mono">
          <Text of={of.store_id} />
        </dd>
        {room.kind === "memory" ? null : (
          <>
            <dt>Backup</dt>
            <dd>
              <code>
                livewell backup DIR {world.server ? <span class="option">--server</span> : null} {world.server ? location.origin : ""}
              </code>
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}

export function Elsewhere({ of }: { of: Kept[] }) {
  return (
    <section class="card">
      <header>
        <h2>Kept for sources on their servers</h2>
      </header>
      <ul class="left">
        {of.map(({ id, kept_bytes: kept, safe_bytes: safe }) => (
          <li key={id}>
            <a href={to("source", id)}>
              <Text of={id} />
            </a>
            <span class="num">
              {bytes(kept)}
              <span class="muted">
                {safe === null ? ", without a limit" : `, and may drop it after ${bytes(safe)} more`}
              </span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
