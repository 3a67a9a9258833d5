/**
 * Sends a call on to the server that has its topic, and brings back the answers and the status. The front has checked token
 * and rate; everything behind that is checked where the topic is.
 */
import { type Metadata, type ServiceError, status as Status } from "@grpc/grpc-js";
import { FORWARDED } from "../http/forward-headers.ts";
import { ownerBrokeOff, ownerSilent, topicMoves } from "../http/owner-errors.ts";
import type { Call, Method } from "./method.ts";
import { Packed } from "./packed.ts";
import type { GrpcPeers, PeerCall } from "./peers.ts";

/** Who has the topics that this server has not. */
export interface Elsewhere {
  /**
   * The origin of the gRPC port that has a topic; `undefined`: this server has it, or there is none.
   *
   * @throws topic_unavailable: no server has it now, or none that speaks gRPC.
   */
  ownerOf(topic: string): string | undefined | Promise<string | undefined>;
  /** A call to this origin got no answer. */
  suspect(origin: string): void;
  /** Calls `hear` with the origin of each server that is gone. Gives what ends that. */
  watchGone(hear: (origin: string) => void): () => void;
}

/** What the other server ended a call with. */
export class ForwardedStatus extends Error {
  override readonly name = "ForwardedStatus";
  readonly code: Status;
  readonly details: string;
  readonly metadata: Metadata;

  constructor({ code, details, metadata }: Pick<ServiceError, "code" | "details" | "metadata">) {
    super(details);
    this.code = code;
    this.details = details;
    this.metadata = metadata;
    // It concerns the connection between the two.
    metadata.remove("content-type");
    metadata.remove("date");
  }
}

/** Each status of a netlog server that is none of the library's own has it. */
const ERROR_CODE = "x-netlog-error";
/** What one connection has, and what this server says itself. */
const NOT_SENT =
  /^(?:grpc-.*|te|user-agent|content-type|accept-encoding|content-encoding|host|x-forwarded-(?:for|proto))$/;

/**
 * True when all answers were handed over; false when the client left before.
 *
 * @throws ForwardedStatus; topic_unavailable: nothing was done; sync_failed: what was sent may have been done.
 */
export async function forwardCall(
  call: Call,
  method: Method,
  bytes: Buffer,
  to: { readonly origin: string; readonly peers: GrpcPeers; readonly elsewhere: Elsewhere },
): Promise<boolean> {
  const { request } = call;
  if (request.header(FORWARDED) !== undefined) {
    throw topicMoves("the topic changes from one server to another; try again");
  }
  const { origin, peers, elsewhere } = to;
  const sent = { path: method.path, bytes, metadata: metadataOf(call), deadline: request.deadline };
  let there: PeerCall;
  try {
    there = await peers.begin(origin, sent);
  } catch (error) {
    elsewhere.suspect(origin);
    throw noAnswer(call, origin, error, false);
  }
  const leave = (): void => there.cancel();
  request.onClose(leave);
  try {
    return await bring(call, there);
  } catch (error) {
    if (request.hasLeft || request.isLate) return false;
    if (isAnswer(error)) throw new ForwardedStatus(error);
    elsewhere.suspect(origin);
    throw noAnswer(call, origin, error, method.changes === true);
  } finally {
    request.offClose(leave);
  }
}

async function bring({ request }: Call, there: PeerCall): Promise<boolean> {
  for await (const bytes of there) {
    // What the other server has given out goes to the client, whatever else there is.
    if (!(await request.write(new Packed(bytes as Buffer)))) {
      there.cancel();
      return false;
    }
  }
  return true;
}

function metadataOf(call: Call): Metadata {
  const metadata = call.request.metadata.clone();
  for (const name of Object.keys(metadata.getMap())) if (NOT_SENT.test(name)) metadata.remove(name);
  metadata.set(FORWARDED, "1");
  metadata.set("x-forwarded-for", call.client());
  metadata.set("x-request-id", call.id);
  return metadata;
}

/** The other server said it, and not the library, which lost the connection. */
function isAnswer(error: unknown): error is ServiceError {
  const { code, metadata } = error as Partial<ServiceError>;
  if (code === undefined || metadata === undefined) return false;
  const isOfLibrary = code === Status.UNAVAILABLE || code === Status.CANCELLED || code === Status.INTERNAL;
  return !isOfLibrary || metadata.get(ERROR_CODE).length > 0;
}

function noAnswer({ context }: Call, origin: string, error: unknown, mayBeDone: boolean): Error {
  context.logger.info({ err: error, server: origin }, "a call that was sent on got no answer");
  return mayBeDone ? ownerBrokeOff() : ownerSilent(origin);
}
