/** Which entities a journal is about: the entity itself, what an event lists, and who did it. */
import { LIMITS } from "./limits.ts";

export const ENTITY_KINDS = ["user", "group", "client", "channel"] as const;
export type EntityKind = (typeof ENTITY_KINDS)[number];

export function isEntityKind(word: string): word is EntityKind {
  return (ENTITY_KINDS as readonly string[]).includes(word);
}

/** As `journal_entities` has it. */
export function entityKey(kind: EntityKind, id: string): string {
  return `${kind}:${id}`;
}

type Attributes = Readonly<Record<string, unknown>>;

/** Entities whose operations may be another entity's, which `entity_id` names: roles. */
const WITH_ROLES: readonly EntityKind[] = ["group", "client", "channel"];

/** What an event is about. */
export interface EventEntities {
  /** Their keys, each once; so many at most. */
  readonly keys: readonly string[];
  /** Ids that the event names beyond these: it is not found under them. */
  readonly unlistedCount: number;
}

/** The entities that `operation` is about. An id that no index can hold is none. */
export function entitiesOf(operation: string, attributes: Attributes): EventEntities {
  const keys = new Set<string>();
  let unlistedCount = 0;
  const add = (kind: EntityKind, id: unknown): void => {
    if (typeof id !== "string" || id === "" || Buffer.byteLength(id) > LIMITS.idBytes) return;
    const key = entityKey(kind, id);
    if (keys.size < LIMITS.entities) keys.add(key);
    else if (!keys.has(key)) unlistedCount += 1;
  };
  const addAll = (kind: EntityKind, ids: unknown): void => {
    for (const id of Array.isArray(ids) ? ids : []) add(kind, id);
  };
  const kind = kindOf(operation);
  if (kind === "user") add("user", attributes.id);
  for (const each of WITH_ROLES) {
    if (kind !== each) continue;
    add(each, attributes.id);
    add(each, attributes.entity_id);
  }
  add("user", attributes.user_id);
  addAll("channel", attributes.channel_ids);
  addAll("client", attributes.client_ids);
  return { keys: [...keys], unlistedCount };
}

/** What stands before the first dot; empty where there is none. */
function kindOf(operation: string): string {
  return operation.slice(0, Math.max(operation.indexOf("."), 0));
}

/** Words of Mainflux for the same. */
const MAINFLUX_KINDS: Readonly<Record<string, EntityKind>> = {
  thing: "client",
  profile: "channel",
  group: "group",
};

/** The same of an event of Mainflux. */
export function mainfluxEntitiesOf(operation: string, attributes: Attributes): EventEntities {
  const word = kindOf(operation);
  const kind = Object.hasOwn(MAINFLUX_KINDS, word) ? MAINFLUX_KINDS[word] : undefined;
  return entitiesOf(kind === undefined ? operation : `${kind}.`, {
    id: attributes.id,
    user_id: attributes.jwt_identity_user_id,
  });
}
