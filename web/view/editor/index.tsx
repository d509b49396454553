/* The editors, and views that are seldom opened: a script of their own, which `view/late.tsx` loads when one is. */

import editor from "../../style/editor.css" with { type: "text" };
import target from "../../style/target.css" with { type: "text" };
import tried from "../../style/tried.css" with { type: "text" };
export { EditItem, NewItem } from "./form.tsx";
export { QueryEditor } from "./query.tsx";
export { AbsentPanel } from "../absent.tsx";
export { MessageView } from "../message.tsx";
export { PlainRows } from "../plain.tsx";
export { ParkedView } from "../parked.tsx";
export { Plan } from "../plan.tsx";
export { Store } from "../store.tsx";
export { TargetView } from "../target.tsx";
export { TransactionsView } from "../transactions.tsx";

const sheet = new CSSStyleSheet();
sheet.replaceSync(editor + target + tried);
document.adoptedStyleSheets.push(sheet);
