/** `GET /payloads/{request_id}`: the statuses of one payload, and how long it took in each service. */

import { formatSqlTime, troubleOfText } from "../../../lib/views/index.ts";
import {
  durationsOf,
  findPayload,
  keptRequestId,
  ONE_PAYLOAD_SORTS,
  type PayloadRow,
  type StatusRow,
} from "../../../lib/views/payloads/index.ts";
import { jsonAnswer } from "../../http/answer.ts";
import type { Handler } from "../../http/door.ts";
import type { Exchange } from "../../http/exchange.ts";
import { HttpError } from "../../wire/errors.ts";
import { withoutEmpty } from "./lists.ts";
import { readOrder } from "./query.ts";
import type { Tracker } from "./tracker.ts";

export const ORDER: Parameters<typeof readOrder>[1] = { sorts: ONE_PAYLOAD_SORTS, sort: "date" };

export function tellPayload({ reads }: Tracker): Handler {
  return async (exchange) => {
    const parameters = exchange.parameters();
    const order = readOrder(parameters, ORDER);
    const verbosity = parameters.get("verbosity") ?? "0";
    parameters.finish();
    const given = requestIdOf(exchange);
    // SQL takes no text that has a NUL in it, and no payload has such a name.
    const isPossible = troubleOfText(given) === undefined;
    const found = isPossible ? await findPayload(reads, keptRequestId(given), order) : undefined;
    if (found === undefined)
      throw new HttpError("not_found", { reason: `payload with id: ${given} not found` });
    const { payload, statuses, statusCount, spans } = found;
    return jsonAnswer(200, {
      data: statuses.map((status) => withoutEmpty(shown(verbosity, payload, status))),
      duration: durationsOf(spans),
      ...(statusCount > statuses.length ? { count: statusCount } : {}),
    });
  };
}

/** The part of the path that names a payload, as it was sent: the one behind `payloads` or `archive`. */
export function requestIdOf({ target: { parts } }: Exchange): string {
  const place = parts.findIndex((part) => part === "payloads" || part === "archive");
  return parts[place + 1] ?? "";
}

function shown(verbosity: string, payload: PayloadRow, row: StatusRow): Readonly<Record<string, unknown>> {
  const { service, source, status, status_msg } = row;
  const date = formatSqlTime(row.date);
  const { id, request_id, account, org_id, system_id, inventory_id } = payload;
  if (verbosity === "1") return { service, status, inventory_id, date, status_msg };
  if (verbosity === "2") return { service, status, date };
  const created_at = formatSqlTime(row.created_at);
  const names = { id, request_id, account, org_id, system_id, inventory_id };
  return { ...names, status_msg, date, created_at, service, source, status };
}
