/* The page of an error code, as the server has it. */

import { useEffect, useState } from "preact/hooks";
import { asRefusal, isAborted, read, type Refusal } from "../data/client.ts";
import { Markdown } from "../part/markdown.tsx";
import { Problem, Skeleton } from "../part/problem.tsx";

export function CodePage({ code }: { code: string }) {
  const [page, setPage] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  useEffect(() => {
    const closing = new AbortController();
    read(`/errors/${encodeURIComponent(code)}`, { signal: closing.signal }).then(setPage, (error: unknown) => {
      if (!isAborted(error)) setRefusal(asRefusal(error));
    });
    return () => closing.abort();
  }, [code]);
  if (refusal) return <Problem of={refusal} />;
  if (page === null) return <Skeleton height={300} />;
  return (
    <article class="card pad prose">
      <Markdown of={page} />
    </article>
  );
}
