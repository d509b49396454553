/* A page with the guide's example for React, for a test in a browser. */

import { createRoot } from "react-dom/client";
import { Orders } from "../examples/orders.js";

createRoot(document.getElementById("root")!).render(<Orders customer="c42" />);
