/** All statuses of one payload, as the services reported them. */
import type { Child } from "hono/jsx/dom";
import { type Column, Table } from "../../../console/app/parts/table.tsx";
import type { TrackerPageProps } from "./page-props.ts";
import { isFailure } from "./services.ts";
import { whenText } from "./times.ts";
import type { TrackedStatus } from "./tracker-link.ts";

const COLUMNS: readonly Column<TrackedStatus>[] = [
  { name: "service", title: "service", cell: ({ service }) => service },
  { name: "source", title: "source", cell: ({ source }) => source ?? "" },
  {
    name: "status",
    title: "status",
    cell: (row) => <span class={isFailure(row) ? "wrong" : undefined}>{row.status}</span>,
  },
  {
    name: "status_msg",
    title: "status_msg",
    cell: ({ status_msg }) => <span class="wrapped">{status_msg ?? ""}</span>,
  },
  { name: "date", title: "date", tip: "What the service says, UTC", cell: ({ date }) => whenText(date) },
  {
    name: "created_at",
    title: "created_at",
    tip: "When the log stored it, UTC",
    cell: ({ created_at }) => whenText(created_at),
  },
];

export interface StatusTableProps extends Pick<TrackerPageProps, "query" | "onQuery"> {
  readonly rows: readonly TrackedStatus[];
}

export function StatusTable({ rows, query, onQuery }: StatusTableProps): Child {
  const { sort_by: name = "date", sort_dir = "desc" } = query;
  return (
    <Table
      label="Statuses"
      columns={COLUMNS}
      rows={rows}
      keyOf={(_, place) => String(place)}
      sort={{ name, isDescending: sort_dir === "desc" }}
      onSort={(sort) => onQuery({ sort_by: sort.name, sort_dir: sort.isDescending ? "desc" : "asc" })}
    />
  );
}
