/** The columns of both lists: a request_id leads to its payload, and a value that can be filtered by stages its filter. */
import type { Child } from "hono/jsx/dom";
import type { Column } from "../../../console/app/parts/table.tsx";
import type { ListForm } from "./list-form.ts";
import type { ListQuery } from "./list-query.ts";
import { linkTo } from "./route.ts";
import { isFailure } from "./services.ts";
import { whenText } from "./times.ts";
import type { Row } from "./tracker-link.ts";

const TIMES: ReadonlySet<string> = new Set(["date", "created_at"]);
const TIPS: Readonly<Record<string, string>> = {
  date: "What the service says, UTC",
  created_at: "When it was recorded, UTC",
};

export function listColumns(
  form: ListForm,
  { columns }: ListQuery,
  onStage: (name: string, value: string) => void,
): Column<Row>[] {
  return columns.map((name) => ({
    name,
    title: name,
    ...(TIPS[name] === undefined ? {} : { tip: TIPS[name] }),
    isUnsorted: name === "request_id",
    cell: (row) => cellOf(name, row[name] ?? "", form.filters.includes(name) ? onStage : undefined),
  }));
}

function cellOf(
  name: string,
  value: string,
  onStage: ((name: string, value: string) => void) | undefined,
): Child {
  if (name === "request_id") return <a href={linkTo("track", { request_id: value })}>{value}</a>;
  if (TIMES.has(name)) return whenText(value);
  if (onStage === undefined || value === "") return value;
  const isWrong = name === "status" && isFailure({ status: value });
  return (
    <button
      type="button"
      class={isWrong ? "cell wrong" : "cell"}
      title={`${value}: filter by this ${name}`}
      onClick={() => onStage(name, value)}
    >
      {value}
    </button>
  );
}
