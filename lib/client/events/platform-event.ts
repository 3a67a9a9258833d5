/** What happens on a platform of Mainflux's kind: ten actions, each with what it brings, who did it, and where. */

/** The user who acts. */
export interface Identity {
  readonly id: string;
  readonly email: string;
}

/** Any object of JSON. */
export type Metadata = Readonly<Record<string, unknown>>;

export interface ThingCreated {
  readonly id: string;
  readonly groupId: string;
  readonly profileId: string;
  readonly name?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

export interface ThingUpdated {
  readonly id: string;
  readonly profileId: string;
  readonly name?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

export interface ThingGroupAndProfileUpdated {
  readonly id: string;
  readonly profileId: string;
  readonly groupId?: string | undefined;
}

export interface ThingRemoved {
  readonly id: string;
}

export interface ProfileCreated {
  readonly id: string;
  readonly groupId: string;
  readonly name?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

export interface ProfileUpdated {
  readonly id: string;
  readonly name?: string | undefined;
  readonly config?: ProfileConfig | undefined;
  readonly metadata?: Metadata | undefined;
}

export interface ProfileRemoved {
  readonly id: string;
}

export interface GroupRemoved {
  readonly id: string;
  /** The things that went with it. No id is empty or has a comma. */
  readonly thingIds?: readonly string[] | undefined;
}

export interface OrgCreated {
  readonly id: string;
}

export interface OrgRemoved {
  readonly id: string;
}

/** A document of JSON, in the platform's own words. */
export interface ProfileConfig {
  readonly content_type?: string;
  readonly transformer?: ProfileTransformer;
  readonly write_enabled?: boolean;
  readonly webhook_enabled?: boolean;
  readonly rule_enabled?: boolean;
}

export interface ProfileTransformer {
  /** Go writes `null` for an empty list. */
  readonly data_filters?: readonly string[] | null;
  readonly data_field?: string;
  readonly time_field?: string;
  readonly time_format?: string;
  readonly time_location?: string;
}

/** By operation, the action. */
export interface PlatformActions {
  readonly "thing.create": ThingCreated;
  readonly "thing.update": ThingUpdated;
  readonly "thing.update_group_and_profile": ThingGroupAndProfileUpdated;
  readonly "thing.remove": ThingRemoved;
  readonly "profile.create": ProfileCreated;
  readonly "profile.update": ProfileUpdated;
  readonly "profile.remove": ProfileRemoved;
  readonly "group.remove": GroupRemoved;
  readonly "org.create": OrgCreated;
  readonly "org.remove": OrgRemoved;
}

export type PlatformOperation = keyof PlatformActions;

/** Its `operation` says which action it has. */
export type PlatformEvent<Operations extends PlatformOperation = PlatformOperation> = {
  readonly [Operation in Operations]: {
    readonly operation: Operation;
    readonly action: PlatformActions[Operation];
    /** Who did it; absent where the platform itself did. */
    readonly identity?: Identity | undefined;
    /** The organisation that the event belongs to; may be empty. */
    readonly orgId: string;
    /** The group that the event belongs to, which need not be the action's. */
    readonly groupId?: string | undefined;
    /** RFC 3339, up to nanoseconds; the time of publishing by default. */
    readonly occurredAt?: string | undefined;
  };
}[Operations];
