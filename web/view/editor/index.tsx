/* The editors, which are a script of their own: `view/late.tsx` loads it when one is opened. */

import styles from "../../style/editor.css" with { type: "text" };
export { QueryEditor } from "./query.tsx";

const sheet = new CSSStyleSheet();
sheet.replaceSync(styles);
document.adoptedStyleSheets.push(sheet);
