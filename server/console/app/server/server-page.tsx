/** The server itself. */
import type { Child } from "hono/jsx/dom";
import type { PageProps } from "../shell/page.ts";
export function ServerPage(_: PageProps): Child {
  return <h1>Server</h1>;
}
