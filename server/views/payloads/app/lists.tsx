/** The two lists of the tracker. */
import type { Child } from "hono/jsx/dom";
import { PAYLOADS, STATUSES } from "./list-form.ts";
import { ListPage } from "./list-page.tsx";
import type { TrackerPageProps } from "./page-props.ts";

export function PayloadsPage(props: TrackerPageProps): Child {
  return <ListPage {...props} form={PAYLOADS} />;
}

export function StatusesPage(props: TrackerPageProps): Child {
  return <ListPage {...props} form={STATUSES} />;
}
