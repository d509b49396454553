/* What went wrong, in the server's words, with the page of its code. */

import type { Refusal } from "../data/client.ts";
import { Button } from "./button.tsx";
import { Message } from "./text.tsx";

/** A link to the page of an error code. */
export function Code({ of }: { of: string | null }) {
  return of && /^LW\d{4}$/.test(of) ? <a href={`#/errors/${of}`}>{of}</a> : null;
}

/** A failed call, in the place of what it would have shown. */
export function Problem({ of, retry }: { of: Refusal; retry?: (() => void | Promise<void>) | undefined }) {
  return (
    <div class="problem" role="alert">
      <p class="mono">
        <Message of={of.status === 0 ? `The server does not answer: ${of.message}` : of.message} /> <Code of={of.code} />
      </p>
      {retry ? (
        <Button class="small" act={retry}>
          Try again
        </Button>
      ) : null}
    </div>
  );
}

/** What stands in a place until its content is known: nothing for 300 ms, then a shape of the final size. */
export function Skeleton({ height }: { height: number }) {
  return (
    <div class="skeleton" aria-busy="true" ref={(box) => box?.style.setProperty("height", `${height}px`)}>
      <span class="hidden">Loading</span>
    </div>
  );
}
