/** The list of topics. */
import type { Child } from "hono/jsx/dom";
import type { PageProps } from "../shell/page.ts";
export function TopicsPage(_: PageProps): Child {
  return <h1>Topics</h1>;
}
