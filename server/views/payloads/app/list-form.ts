/** What the two lists have: columns, filters, and the times by which they are cut. Names are the API's. */

export interface ListForm {
  readonly path: "payloads" | "statuses";
  readonly title: string;
  /** In the order of the table; the first always stays. */
  readonly columns: readonly string[];
  /** Not shown unless asked for. */
  readonly hidden: readonly string[];
  readonly filters: readonly string[];
  /** Those whose range may be asked for; the first by default. */
  readonly times: readonly string[];
  /** Sorted by this unless asked for otherwise. */
  readonly sort: string;
}

export const PAYLOADS: ListForm = {
  path: "payloads",
  title: "Recorded Requests",
  columns: ["request_id", "account", "org_id", "inventory_id", "system_id", "created_at"],
  hidden: ["org_id"],
  filters: ["account", "org_id", "inventory_id", "system_id"],
  times: ["created_at"],
  sort: "created_at",
};

export const STATUSES: ListForm = {
  path: "statuses",
  title: "Recorded Statuses",
  columns: ["request_id", "service", "source", "status", "status_msg", "date", "created_at"],
  hidden: [],
  filters: ["service", "source", "status", "status_msg"],
  times: ["date", "created_at"],
  sort: "date",
};
