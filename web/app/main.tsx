/* The console of Livewell: begins to follow the server and draws what it says. */

import { render } from "preact";
import { tick } from "../data/paint.ts";
import { begin } from "../data/store.ts";
import { copyOriginals } from "../part/text.tsx";
import { follow } from "./routes.ts";
import { Shell } from "./shell.tsx";
import { begin as beginTheme } from "./theme.ts";

beginTheme();
follow();
tick();
copyOriginals();
begin();
render(<Shell />, document.body);
