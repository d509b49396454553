/* What a reader of the screen hears: that the verdict has changed or the connection is lost, at most once in five seconds. */

import { useEffect, useState } from "preact/hooks";
import { connection } from "../data/feed.ts";
import { painted } from "../data/paint.ts";
import { verdict } from "../data/verdict.ts";

const APART = 5_000;

export function Spoken() {
  painted.value;
  const current = connection.value.state === "lost" ? "No connection to the server" : verdict();
  const [spoken, speak] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => speak(current), APART);
    return () => clearTimeout(timer);
  }, [current]);
  return (
    <p class="hidden" role="status">
      {spoken}
    </p>
  );
}
