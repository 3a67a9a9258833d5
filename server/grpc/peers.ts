/**
 * Connections to the gRPC ports of other servers of the same topics, by their origins. They are made as needed, and used
 * again. A connection carries as many calls as a server takes on one; further calls have another connection.
 */
import {
  Client,
  type ClientReadableStream,
  credentials,
  type Metadata,
  connectivityState as State,
} from "@grpc/grpc-js";
import type { Limits } from "../http/limits.ts";

/** The answers of a call as they come, each in its bytes. Its errors have a listener, so that none is thrown at nobody. */
export type PeerCall = ClientReadableStream<Buffer>;

export interface PeerRequest {
  /** The path of the method. */
  readonly path: string;
  readonly bytes: Buffer;
  readonly metadata: Metadata;
  readonly deadline: Date | number;
}

interface Line {
  readonly client: Client;
  readonly calls: Set<PeerCall>;
}

const UNLIMITED = -1;
const asBytes = (bytes: Buffer): Buffer => bytes;

export class GrpcPeers {
  readonly #limits: Limits;
  readonly #lines = new Map<string, Line[]>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Begins a call at `origin`, such as `https://queue-2:7201`. Rejects when no connection comes about; nothing was sent then. */
  async begin(origin: string, { path, bytes, metadata, deadline }: PeerRequest): Promise<PeerCall> {
    const { client, calls } = this.#lineTo(origin);
    await connected(client, Date.now() + this.#limits.forwardConnectMs);
    const call = client.makeServerStreamRequest(path, asBytes, asBytes, bytes, metadata, { deadline });
    calls.add(call);
    call.on("error", () => {});
    call.once("status", () => calls.delete(call));
    return call;
  }

  /** Ends what is under way with a server that is gone, or stands still. */
  drop(origin: string): void {
    const lines = this.#lines.get(origin) ?? [];
    this.#lines.delete(origin);
    for (const { client, calls } of lines) {
      for (const call of calls) call.cancel();
      client.close();
    }
  }

  close(): void {
    for (const origin of [...this.#lines.keys()]) this.drop(origin);
  }

  #lineTo(origin: string): Line {
    const lines = this.#lines.get(origin) ?? [];
    this.#lines.set(origin, lines);
    const free = lines.find(({ calls }) => calls.size < this.#limits.grpcConnectionCalls);
    if (free !== undefined) return free;
    const line = { client: connect(origin, this.#limits), calls: new Set<PeerCall>() };
    lines.push(line);
    return line;
  }
}

function connect(origin: string, { forwardProbeMs, forwardAskMs }: Limits): Client {
  const { protocol, host } = new URL(origin);
  const secret = protocol === "https:" ? credentials.createSsl() : credentials.createInsecure();
  return new Client(host, secret, {
    // Each client has a connection of its own.
    "grpc.use_local_subchannel_pool": 1,
    // What was sent once may be stored.
    "grpc.enable_retries": 0,
    "grpc.enable_channelz": 0,
    // No connection ends by itself on a way that has become a black hole.
    "grpc.keepalive_time_ms": forwardProbeMs,
    "grpc.keepalive_timeout_ms": forwardAskMs,
    // The owner keeps the limits of its methods.
    "grpc.max_receive_message_length": UNLIMITED,
    "grpc.max_send_message_length": UNLIMITED,
    // A server that was away is tried again at once by the next call.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
  });
}

/** Rejects at once where an attempt has failed. */
function connected(client: Client, deadlineMs: number): Promise<void> {
  const channel = client.getChannel();
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const state = channel.getConnectivityState(true);
      if (state === State.READY) resolve();
      else if (state === State.TRANSIENT_FAILURE || state === State.SHUTDOWN) {
        reject(
          new Error("no connection; is the gRPC port of the other server open, and its certificate trusted?"),
        );
      } else {
        channel.watchConnectivityState(state, deadlineMs, (error) => (error ? reject(error) : look()));
      }
    };
    look();
  });
}
