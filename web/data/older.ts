/* Results that came before those that are known, as far back as the outbox goes. */

import { inTurn, of, open } from "./client.ts";
import { parse } from "./json.ts";
import { Reader } from "./sse.ts";
import type { Result } from "./types.ts";

/** Reads the results after `from` up to `to`, newest first; none if the outbox no longer has them. */
export async function readOlder(id: string, epoch: string, from: number, to: number, signal: AbortSignal): Promise<Result[]> {
  const closing = new AbortController();
  const both = AbortSignal.any([signal, closing.signal]);
  return inTurn({ signal }, async () => {
    const answer = await open(of("queries", id, `/changes?after=${epoch}-${from}`), { signal: both });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    const events = new Reader();
    const found: Result[] = [];
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return found.reverse();
        for (const { event, data } of events.push(value)) {
          // A reset says that the outbox begins later.
          if (event === "reset") return [];
          if (event !== "result") continue;
          const result = parse<Result>(data);
          if (result.sequence <= to) found.push(result);
          if (result.sequence >= to) return found.reverse();
        }
      }
    } finally {
      closing.abort();
    }
  });
}
