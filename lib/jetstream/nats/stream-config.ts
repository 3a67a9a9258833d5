/**
 * Streams as netlog makes and sees them. Sources: ADR-1 and the schemas of JetStream's API
 * (github.com/nats-io/jsm.go/tree/main/schema_source/jetstream/api/v1).
 */

export interface NewStream {
  readonly name: string;
  readonly subjects: readonly string[];
  /** 1, 3 or 5. */
  readonly copies: number;
  /** Text of at most 4 KiB that NATS keeps with the stream. */
  readonly description: string;
}

/** The part of a stream's configuration that netlog looks at; a change sends all of it back, with what else it has. */
export interface StreamConfig {
  readonly name: string;
  readonly description?: string;
  readonly subjects?: readonly string[];
  readonly num_replicas: number;
  readonly storage: string;
  readonly retention: string;
  readonly max_age: number;
  readonly max_msgs: number;
  readonly max_bytes: number;
  readonly allow_direct?: boolean;
}

export interface StreamState {
  readonly messages: number;
  readonly bytes: number;
  /** The oldest message's; one above the last where there is none. */
  readonly first_seq: number;
  /** That of the newest message that there ever was; 0 where none ever was. */
  readonly last_seq: number;
}

export interface StreamCopy {
  readonly name: string;
  readonly current: boolean;
  readonly offline?: boolean;
  /** Raft entries that it is behind. */
  readonly lag?: number;
  /** Since it was heard of, ns. */
  readonly active: number;
}

export interface StreamInfo {
  readonly config: StreamConfig;
  readonly created: string;
  readonly state: StreamState;
  /** Absent where NATS runs as one server. */
  readonly cluster?: { readonly leader?: string; readonly replicas?: readonly StreamCopy[] };
}

/** Messages go when they are purged and never by themselves: the newest is the only record of a log's end. */
export function configOf({ name, subjects, copies, description }: NewStream): object {
  return {
    name,
    subjects,
    description,
    num_replicas: copies,
    storage: "file",
    retention: "limits",
    discard: "new",
    max_age: 0,
    max_bytes: -1,
    max_consumers: -1,
    max_msg_size: -1,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    allow_direct: true,
  };
}
