/* The part of react-dom that the test page uses; its own types would be one more package. */

declare module "react-dom/client" {
  import type { ReactNode } from "react";
  export function createRoot(container: Element): { render(node: ReactNode): void };
}
