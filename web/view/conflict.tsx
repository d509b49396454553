/* Somebody has changed what is being edited: both versions, and a way on with either. */

import type { Definition } from "../data/types.ts";
import { Button } from "../part/button.tsx";
import { Text } from "../part/text.tsx";

export function Conflict({ of, take, keep }: { of: Definition; take: () => void; keep: () => void }) {
  return (
    <section class="conflict" role="alert" aria-label="Changed in the meantime">
      <p>
        <b>Somebody has changed it in the meantime.</b> Nothing of yours was saved. This is what it is now:
      </p>
      <pre class="code" tabIndex={0}>
        <Text of={of.text ?? ""} lines />
      </pre>
      <div class="buttons">
        <Button class="small" act={keep}>
          Go on with my text
        </Button>
        <Button class="small" act={take}>
          Take what it is now
        </Button>
      </div>
    </section>
  );
}
