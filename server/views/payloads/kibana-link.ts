/** `GET /payloads/{request_id}/kibanaLink`: where Kibana shows what the services logged of a payload. */
import { jsonAnswer } from "../../http/answer.ts";
import type { Handler } from "../../http/door.ts";
import { HttpError } from "../../wire/errors.ts";
import { requireUuid } from "./archive-link.ts";
import { requestIdOf } from "./payload.ts";
import type { KibanaSettings } from "./settings.ts";
import type { Tracker } from "./tracker.ts";

export function tellKibanaLink(tracker: Tracker): Handler {
  const { kibana } = tracker.settings;
  return (exchange) => {
    const parameters = exchange.parameters();
    const service = parameters.get("service") ?? "";
    parameters.finish();
    const requestId = requireUuid(tracker, requestIdOf(exchange));
    if (kibana === undefined) {
      throw new HttpError("not_found", { reason: "there is no Kibana; start the tracker with KIBANA_URL" });
    }
    return jsonAnswer(200, { url: kibanaLink(kibana, requestId, service) });
  };
}

/** Kibana's state in its own notation, Rison: https://github.com/Nanonid/rison */
export function kibanaLink(
  { url, index, serviceField }: KibanaSettings,
  requestId: string,
  service: string,
): string {
  const query = `request_id:${requestId}${service === "" ? "" : ` AND ${serviceField}:${luceneTerm(service)}`}`;
  const global = "(filters:!(),refreshInterval:(pause:!t,value:0),time:(from:now-24h,to:now))";
  const own =
    `(columns:!(_source),filters:!(),index:${risonText(index)},interval:auto,` +
    `query:(language:lucene,query:${risonText(query)}),sort:!(!('@timestamp',desc)))`;
  return `${url}?_g=${global}&_a=${own}`;
}

/** A name as it is; anything else as a phrase, so that nothing of it is an operator. */
function luceneTerm(text: string): string {
  return /^[\w-]+$/.test(text) ? text : `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** A text between quotes, as a part of an URL. */
function risonText(text: string): string {
  return `'${encodeURIComponent(text.replace(/[!']/g, "!$&"))}'`;
}
