/** Whose journal is shown, and which entities an event names: each of them has a journal of its own. */
import type { Query } from "../../../console/app/shell/route.ts";

export const KINDS = ["user", "group", "client", "channel"] as const;
export type Kind = (typeof KINDS)[number];

export interface Entity {
  readonly kind: Kind;
  /** Empty: none. A user has a journal across all domains. */
  readonly domain: string;
  readonly id: string;
}

/** Events may name thousands. */
const MOST_NAMED = 20;
/** Steps of a path, which a browser takes itself and never sends. */
const STEPS: ReadonlySet<string> = new Set([".", ".."]);

export function entityIn({ type, domain = "", id = "" }: Query): Entity {
  return { kind: KINDS.find((kind) => kind === type) ?? "user", domain, id };
}

export function entityChange({ kind, domain, id }: Entity): Query {
  return { type: kind, domain: domain === "" ? undefined : domain, id };
}

/** What is missing or wrong, as a sentence; `undefined`: nothing is. */
export function troubleOf({ kind, domain, id }: Entity): string | undefined {
  if (id === "") return `Type the id of a ${kind}.`;
  if (domain === "" && kind !== "user") return `Type the domain of the ${kind}.`;
  const step = [domain, id].find((part) => STEPS.has(part));
  return step === undefined ? undefined : `No browser can ask for ${step}; use curl --path-as-is.`;
}

export function journalPath({ kind, domain, id }: Entity): string {
  const last = `journal/${kind}/${encodeURIComponent(id)}`;
  return domain === "" ? `/${last}` : `/${encodeURIComponent(domain)}/${last}`;
}

/** In words, as in `user ana`. */
export function entityText({ kind, domain, id }: Entity): string {
  return domain === "" ? `${kind} ${id}` : `${kind} ${id} in domain ${domain}`;
}

/** Who did it, as upstream and as Mainflux call them. */
export function actorOf({ user_id, jwt_identity_user_id }: Readonly<Record<string, unknown>>): string {
  return ([user_id, jwt_identity_user_id].find((id) => typeof id === "string") as string | undefined) ?? "";
}

/** The entities that an event names, `domain` being its own; the one that is shown is left out. */
export function entitiesOf(
  operation: string,
  attributes: Readonly<Record<string, unknown>>,
  domain: string,
  shown: Entity,
): Entity[] {
  const found = new Map<string, Entity>();
  const add = (kind: Kind, ids: unknown): void => {
    for (const id of [ids].flat()) {
      if (typeof id !== "string" || id === "" || found.size === MOST_NAMED) continue;
      if (kind === shown.kind && id === shown.id) continue;
      // Their own journal is the one of all domains.
      const entity = { kind, id, domain: kind === "user" ? "" : domain };
      if (troubleOf(entity) === undefined) found.set(`${kind} ${id}`, entity);
    }
  };
  add("user", actorOf(attributes));
  const subject = KINDS.find((kind) => operation.startsWith(`${kind}.`));
  if (subject !== undefined) add(subject, [attributes.id, attributes.entity_id]);
  for (const kind of KINDS) {
    add(kind, attributes[`${kind}_id`]);
    add(kind, attributes[`${kind}_ids`]);
  }
  return [...found.values()];
}
