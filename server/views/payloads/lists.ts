/** `GET /payloads` and `GET /statuses`: pages of rows, with the count of all that match. */
import { formatSqlTime } from "../../../lib/views/index.ts";
import {
  type ListRequest,
  listPayloads,
  listStatuses,
  PAYLOAD_FILTERS,
  PAYLOAD_SORTS,
  STATUS_FILTERS,
  STATUS_SORTS,
} from "../../../lib/views/payloads/index.ts";
import { jsonAnswer } from "../../http/answer.ts";
import type { Handler } from "../../http/door.ts";
import { type ListForm, readListRequest } from "./query.ts";
import type { Tracker } from "./tracker.ts";

const MS_PER_SECOND = 1000;

export const PAYLOADS: ListForm = {
  sorts: PAYLOAD_SORTS,
  sort: "created_at",
  filters: PAYLOAD_FILTERS,
  times: ["created_at"],
};

export const STATUSES: ListForm = {
  sorts: STATUS_SORTS,
  sort: "date",
  filters: STATUS_FILTERS,
  times: ["date", "created_at"],
};

interface Listed {
  readonly count: number;
  readonly data: readonly object[];
}

export function tellPayloads(tracker: Tracker): Handler {
  return answering(tracker, PAYLOADS, async (request) => {
    const { count, items } = await listPayloads(tracker.reads, request);
    const data = items.map(({ id, request_id, account, inventory_id, system_id, created_at, org_id }) => ({
      id,
      request_id,
      account,
      inventory_id,
      system_id,
      created_at: formatSqlTime(created_at),
      org_id,
    }));
    return { count, data };
  });
}

export function tellStatuses(tracker: Tracker): Handler {
  return answering(tracker, STATUSES, async (request) => {
    const { count, items } = await listStatuses(tracker.reads, request);
    const data = items.map((row) =>
      withoutEmpty({
        id: String(row.id),
        request_id: row.request_id,
        service: row.service,
        source: row.source,
        status: row.status,
        status_msg: row.status_msg,
        date: formatSqlTime(row.date),
        created_at: formatSqlTime(row.created_at),
      }),
    );
    return { count, data };
  });
}

function answering(
  { runtime }: Tracker,
  form: ListForm,
  list: (request: ListRequest) => Promise<Listed>,
): Handler {
  return async (exchange) => {
    const request = readListRequest(exchange, form);
    const { count, data } = await list(request);
    const elapsed = (runtime.elapsedMs() - exchange.startedAtMs) / MS_PER_SECOND;
    return jsonAnswer(200, { count, elapsed, data });
  };
}

/** Texts that are empty are left out. */
export function withoutEmpty(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
}
