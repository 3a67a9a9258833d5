/**
 * A platform's event as a flat object of texts, as Mainflux writes it. Encoding is strict and decoding is lenient: a
 * text that is missing is empty, and an optional field that is empty or unreadable is absent.
 */
import type { PlatformActions, PlatformEvent, PlatformOperation } from "./platform-event.ts";
import { CONFIG, type FieldKind, IDS, METADATA, OPTIONAL_TEXT, TEXT, TIME } from "./platform-fields.ts";

type Field = { [Operation in PlatformOperation]: keyof PlatformActions[Operation] }[PlatformOperation];
type Shape<Action> = { readonly [Each in keyof Action]-?: FieldKind<Action[Each]> };

const KEYS: Readonly<Record<Field, string>> = {
  id: "id",
  groupId: "group_id",
  profileId: "profile_id",
  name: "name",
  metadata: "metadata",
  config: "config",
  thingIds: "thing_ids",
};

const SHAPES: { readonly [Operation in PlatformOperation]: Shape<PlatformActions[Operation]> } = {
  "thing.create": { id: TEXT, groupId: TEXT, profileId: TEXT, name: OPTIONAL_TEXT, metadata: METADATA },
  "thing.update": { id: TEXT, profileId: TEXT, name: OPTIONAL_TEXT, metadata: METADATA },
  "thing.update_group_and_profile": { id: TEXT, profileId: TEXT, groupId: OPTIONAL_TEXT },
  "thing.remove": { id: TEXT },
  "profile.create": { id: TEXT, groupId: TEXT, name: OPTIONAL_TEXT, metadata: METADATA },
  "profile.update": { id: TEXT, name: OPTIONAL_TEXT, config: CONFIG, metadata: METADATA },
  "profile.remove": { id: TEXT },
  "group.remove": { id: TEXT, thingIds: IDS },
  "org.create": { id: TEXT },
  "org.remove": { id: TEXT },
};

/** An event that is none of the ten. */
export class UnknownOperationError extends Error {
  override readonly name = "UnknownOperationError";
  readonly operation: string;

  constructor(operation: string) {
    super(`unknown event operation ${operation}`);
    this.operation = operation;
  }
}

/**
 * The event's flat form.
 *
 * @throws UnknownOperationError; TypeError for a field that is not what its type says.
 *
 * @example
 * import { encodePlatformEvent } from "netlog/client/events/platform";
 *
 * const fields = encodePlatformEvent({
 *   operation: "thing.update_group_and_profile",
 *   action: { id: "t-1", profileId: "p-1", groupId: "g-2" },
 *   orgId: "o-1",
 *   groupId: "g-1",
 * });
 * console.log(fields.group_id, fields.evt_group_id); // g-2 g-1
 */
export function encodePlatformEvent(event: PlatformEvent): Record<string, string> {
  const { operation, action, identity, orgId, groupId, occurredAt } = event;
  const fields: Record<string, string> = { operation };
  const put = (key: string, name: string, kind: FieldKind<unknown>, value: unknown): void => {
    let text: string | undefined;
    try {
      text = kind.write(value ?? undefined);
    } catch (error) {
      throw new TypeError(`${operation}: ${name} ${(error as Error).message}`, { cause: error });
    }
    if (text !== undefined) fields[key] = text;
  };
  const kinds = kindsOf(operation);
  put("occurred_at", "occurredAt", TIME, occurredAt);
  if (identity?.id) {
    put("jwt_identity_user_id", "identity.id", TEXT, identity.id);
    put("jwt_identity_user_email", "identity.email", TEXT, identity.email);
  }
  put("evt_org_id", "orgId", TEXT, orgId);
  put("evt_group_id", "groupId", TEXT, groupId ?? "");
  for (const [field, kind] of kinds)
    put(KEYS[field], field, kind, (action as Partial<Record<Field, unknown>>)[field]);
  return fields;
}

/**
 * The event of a flat form, where `identity`, `groupId`, `occurredAt` and what is optional of the action are there if
 * they say something. Other keys do not matter.
 *
 * @throws UnknownOperationError.
 *
 * @example
 * import { decodePlatformEvent } from "netlog/client/events/platform";
 *
 * const event = decodePlatformEvent({ operation: "group.remove", id: "g-1", thing_ids: "t-1,t-2" });
 * if (event.operation === "group.remove") console.log(event.action.thingIds?.length); // 2
 */
export function decodePlatformEvent(fields: Readonly<Record<string, unknown>>): PlatformEvent {
  const read = <Value>(key: string, kind: FieldKind<Value>): Value => {
    const text = fields[key];
    return kind.read(typeof text === "string" ? text : "");
  };
  const operation = read("operation", TEXT);
  const action = kindsOf(operation).map(([field, kind]) => [field, read(KEYS[field], kind)] as const);
  const identity = { id: read("jwt_identity_user_id", TEXT), email: read("jwt_identity_user_email", TEXT) };
  return withoutAbsent([
    ["operation", operation],
    ["action", withoutAbsent(action)],
    ["identity", identity.id === "" ? undefined : identity],
    ["orgId", read("evt_org_id", TEXT)],
    ["groupId", read("evt_group_id", OPTIONAL_TEXT)],
    ["occurredAt", read("occurred_at", TIME)],
  ]) as unknown as PlatformEvent;
}

function kindsOf(operation: string): [Field, FieldKind<unknown>][] {
  if (!Object.hasOwn(SHAPES, operation)) throw new UnknownOperationError(operation);
  return Object.entries(SHAPES[operation as PlatformOperation]) as [Field, FieldKind<unknown>][];
}

function withoutAbsent(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
