/* A page with React for a test in a browser: a list by value, which can be changed, taken away and brought back. */

import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { Client } from "../src/index.js";
import { useLiveQuery } from "../src/react.js";

interface Level {
  id: string;
  level: number;
}

const at = new URL(location.href).searchParams;
const livewell = new Client<{ "levels-of": Level }>({ url: at.get("server")!, token: "right" });
let drawn = 0;

function List({ owner }: { owner: string }) {
  const { rows, status, position, error } = useLiveQuery(livewell, "levels-of", { forEach: { owner } });
  drawn += 1;
  return (
    <section data-status={status} data-position={position} data-drawn={drawn}>
      {error !== null && <p role="alert">{error.message}</p>}
      <ul>
        {rows.map(({ signature, data }) => (
          <li key={signature}>{`${data.id}=${data.level}`}</li>
        ))}
      </ul>
    </section>
  );
}

function Page() {
  const [owner, setOwner] = useState<string | null>("w0");
  return (
    <>
      {["w0", "w1"].map((one) => (
        <button key={one} id={one} onClick={() => setOwner(one)}>
          {one}
        </button>
      ))}
      <button id="none" onClick={() => setOwner(null)}>
        none
      </button>
      {owner !== null && <List owner={owner} />}
    </>
  );
}

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
