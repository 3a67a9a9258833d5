/** The scanners of a topic. */
import type { Child } from "hono/jsx/dom";
import type { PageProps } from "../shell/page.ts";
export function ScannersPage(_: PageProps): Child {
  return <p>Scanners</p>;
}
