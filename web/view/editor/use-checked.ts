/* What is wrong with a text, asked a moment after the last key. */

import { useEffect, useState } from "preact/hooks";
import { asRefusal, isAborted, type Refusal } from "../../data/client.ts";
import { check, type Checked, type Written } from "../../data/items.ts";

/** How long nothing is typed before it is asked, in milliseconds. */
const PAUSE = 200;

/**
 * Checks a text. While it is checked again `checked` has no answer, so that none is taken for one about another text; `last`
 * is the last one all the same, whose marks stay until there is a newer one.
 */
export function useChecked(kind: Written, text: string): { checked: Checked | null; last: Checked | null; refusal: Refusal | null } {
  const [answer, setAnswer] = useState<{ text: string; checked: Checked } | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  useEffect(() => {
    const closing = new AbortController();
    const timer = setTimeout(() => {
      check(kind, text, closing.signal).then(
        (checked) => {
          if (closing.signal.aborted) return;
          setAnswer({ text, checked });
          setRefusal(null);
        },
        (error: unknown) => {
          if (!closing.signal.aborted && !isAborted(error)) setRefusal(asRefusal(error));
        },
      );
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      closing.abort();
    };
  }, [kind, text]);
  return { checked: answer?.text === text ? answer.checked : null, last: answer?.checked ?? null, refusal };
}
