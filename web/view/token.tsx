/* What the server asks for when it does not know who calls: the token, in place. The address stays. */

import { useState } from "preact/hooks";
import { reconnect } from "../data/feed.ts";
import { asked, keep, token } from "../data/token.ts";
import { Message } from "../part/text.tsx";

export function Token() {
  const [typed, setTyped] = useState("");
  const wasRefused = token() !== null;
  const open = (event: Event) => {
    event.preventDefault();
    if (typed === "") return;
    keep(typed);
    asked.value = null;
    reconnect();
  };
  return (
    <form class="card token" onSubmit={open}>
      <h1>{wasRefused ? "This token is not accepted" : "This server asks for a token"}</h1>
      {wasRefused ? (
        <p class="problem" role="alert">
          <Message of={asked.value ?? ""} />
        </p>
      ) : null}
      <input type="text" autocomplete="username" value="token" hidden readOnly />
      <label for="token">
        Token, as in <code>server.token</code>
      </label>
      <input
        id="token"
        class="input mono"
        type="password"
        autocomplete="current-password"
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      <button class="button primary" type="submit">
        Open
      </button>
      <p class="note">Kept until this tab is closed, and sent to this server alone.</p>
    </form>
  );
}
