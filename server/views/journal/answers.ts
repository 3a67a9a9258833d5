/** The journal's answers: pages of journals, telemetry and its hours, sessions, health. Attributes and metadata go out as SQL's own text. */
import type { ClientHour, ClientTelemetry, Journal } from "../../../lib/views/journal/index.ts";
import { type Answer, type PlainAnswer, textAnswer } from "../../http/answer.ts";
import type { Session } from "./access.ts";
import type { PageRequest } from "./query.ts";

const JSON_TYPE = "application/json";
/** A text of JSON, or a space between its parts. */
const TEXT_OR_SPACE = /"(?:[^"\\]|\\.)*"| /g;

export function pageAnswer(
  { offset, limit }: PageRequest,
  total: number,
  journals: readonly Journal[],
): Answer {
  const items = journals.map(journalText).join(",");
  const page = `{"total":${total},"offset":${offset},"limit":${limit},"journals":[${items}]}`;
  return textAnswer(JSON_TYPE, `${page}\n`);
}

/** What is empty is left out. */
function journalText({ operation, occurredAt, domain, attributes, metadata }: Journal): string {
  const members = [`"operation":${JSON.stringify(operation)}`, `"occurred_at":${JSON.stringify(occurredAt)}`];
  if (domain !== "") members.push(`"domain":${JSON.stringify(domain)}`);
  if (attributes !== "{}") members.push(`"attributes":${withoutSpaces(attributes)}`);
  if (metadata !== "{}") members.push(`"metadata":${withoutSpaces(metadata)}`);
  return `{${members.join(",")}}`;
}

function withoutSpaces(json: string): string {
  return json.replace(TEXT_OR_SPACE, (part) => (part === " " ? "" : part));
}

export function telemetryAnswer(clientId: string, domainId: string, telemetry: ClientTelemetry): Answer {
  return toAnswer({
    client_id: clientId,
    domain_id: domainId,
    subscriptions: telemetry.subscriptions,
    inbound_messages: telemetry.inboundMessages,
    outbound_messages: telemetry.outboundMessages,
    first_seen: telemetry.firstSeen,
    last_seen: telemetry.lastSeen,
  });
}

export function hoursAnswer(clientId: string, domainId: string, hours: readonly ClientHour[]): Answer {
  return toAnswer({
    client_id: clientId,
    domain_id: domainId,
    hours: hours.map(({ start, inboundMessages, outboundMessages }) => ({
      start,
      inbound_messages: inboundMessages,
      outbound_messages: outboundMessages,
    })),
  });
}

/** A user is left out where there is none. */
export function sessionAnswer({ user, domains, isPlatformAdmin }: Session): Answer {
  return toAnswer({ user, domains, platform_admin: isPlatformAdmin });
}

/** It checks nothing; /ready does. */
export function healthAnswer(version: string, instanceId: string): Answer {
  return toAnswer(
    {
      status: "pass",
      version,
      commit: "ffffffff",
      description: "journal service",
      build_time: "1970-01-01_00:00:00",
      instance_id: instanceId,
    },
    "application/health+json",
  );
}

/** `{"message":…}`. */
export function messageAnswer(status: number, message: string, headers: readonly string[]): PlainAnswer {
  return { ...toAnswer({ message }, JSON_TYPE, headers), status };
}

function toAnswer(value: object, type = JSON_TYPE, headers: readonly string[] = []): PlainAnswer {
  return textAnswer(type, `${JSON.stringify(value)}\n`, headers);
}
