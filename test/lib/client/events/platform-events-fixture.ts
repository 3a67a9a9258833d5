/** Events of a platform for tests, of any kind that there is. */
import fc from "fast-check";
import type {
  PlatformActions,
  PlatformEvent,
  PlatformOperation,
  ProfileConfig,
} from "../../../../lib/client/events/platform.ts";

/** An event that is known by the id of its subject. */
export function thingRemoved(id: string): PlatformEvent<"thing.remove"> {
  return { operation: "thing.remove", action: { id }, orgId: "o", groupId: "g" };
}

const filled = fc.string({ unit: "binary", minLength: 1, maxLength: 8 });
const optional = <Value>(of: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(of, { nil: undefined });

/** As JSON gives it back: it knows no -0. */
const metadata = fc
  .dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 2 }))
  .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>);

const config: fc.Arbitrary<ProfileConfig> = fc.record(
  {
    content_type: filled,
    transformer: fc.record(
      {
        data_filters: fc.option(fc.array(filled, { maxLength: 3 })),
        data_field: filled,
        time_field: filled,
        time_format: filled,
        time_location: filled,
      },
      { requiredKeys: [] },
    ),
    write_enabled: fc.boolean(),
    webhook_enabled: fc.boolean(),
    rule_enabled: fc.boolean(),
  },
  { requiredKeys: [] },
);

/** UTC, to the nanosecond at most. */
const time = fc
  .tuple(
    fc.date({
      min: new Date("0001-01-01T00:00:00Z"),
      max: new Date("9999-12-31T00:00:00Z"),
      noInvalidDate: true,
    }),
    fc.stringMatching(/^(\.\d{1,9})?$/),
  )
  .map(([date, fraction]) => `${date.toISOString().slice(0, 19)}${fraction}Z`);

export function anyPlatformEvent(): fc.Arbitrary<PlatformEvent> {
  const text = fc.string({ unit: "binary", maxLength: 8 });
  const id = { id: text };
  const name = optional(filled);
  const groupId = text;
  const thingIds = optional(fc.array(fc.uuid(), { minLength: 1, maxLength: 4 }));
  const actions: { [Operation in PlatformOperation]: fc.Arbitrary<PlatformActions[Operation]> } = {
    "thing.create": fc.record({ ...id, groupId, profileId: text, name, metadata: optional(metadata) }),
    "thing.update": fc.record({ ...id, profileId: text, name, metadata: optional(metadata) }),
    "thing.update_group_and_profile": fc.record({ ...id, profileId: text, groupId: optional(filled) }),
    "thing.remove": fc.record(id),
    "profile.create": fc.record({ ...id, groupId, name, metadata: optional(metadata) }),
    "profile.update": fc.record({ ...id, name, config: optional(config), metadata: optional(metadata) }),
    "profile.remove": fc.record(id),
    "group.remove": fc.record({ ...id, thingIds }),
    "org.create": fc.record(id),
    "org.remove": fc.record(id),
  };
  const events = Object.entries(actions).map(([operation, action]) =>
    fc.record({
      operation: fc.constant(operation),
      action: action as fc.Arbitrary<object>,
      identity: optional(fc.record({ id: filled, email: text })),
      orgId: text,
      groupId: optional(filled),
      occurredAt: optional(time),
    }),
  );
  return fc.oneof(...events) as fc.Arbitrary<PlatformEvent>;
}
