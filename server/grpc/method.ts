/** How a service says what its methods are: what each needs, how much it takes, and what it does. */
import {
  create,
  type DescMessage,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { KiB } from "../../lib/index.ts";
import type { Need } from "../auth/rights.ts";
import type { Limits } from "../http/limits.ts";
import type { Visit, VisitContext } from "../http/visit.ts";
import { decodeRequest } from "./decode.ts";
import type { GrpcRequest } from "./grpc-request.ts";
import { Packed } from "./packed.ts";

/** More than any fields around a payload, or a batch, take. */
export const AROUND_BYTES: number = 64 * KiB;

/** One call, as handlers see it. */
export type Call = Visit<VisitContext, GrpcRequest>;

/** What a method asks for before it does anything. */
export interface Terms<Request> {
  readonly needs: Need;
  /** It publishes to the topic or reads from it, which a topic with a ttl waits for. */
  readonly isUse?: true;
  /** It does something beside reading: what got no answer may have been done. Methods that need `write` or `admin` all do. */
  readonly changes?: true;
  /** The topic that a request is about, to look up rights for. */
  readonly topicOf?: (request: Request) => string;
  /** Bytes of a request at most, as it goes over the wire; by default those of settings, or of keys, and of fields around them. */
  readonly mostBytes?: (limits: Limits) => number;
  /** Fields of a request and elements of its lists at most; by default `grpcFields`. */
  readonly mostFields?: (limits: Limits) => number;
  /** It answers with what there is, so that an answer waits for memory. What says what was done always goes out. */
  readonly isLarge?: true;
}

/** @throws bad_request for bytes that are no such message, or one of too many fields. */
type Decoder<Request> = (bytes: Uint8Array, limits: Limits) => Request;

/** A method, with its types forgotten. */
export interface Method extends Omit<Terms<never>, "topicOf"> {
  /** As HTTP/2 has it: `/netlog.v1.Log/Publish`. */
  readonly path: string;
  readonly topicOf: (request: unknown) => string;
  readonly decode: Decoder<unknown>;
  /** Each request of a call is answered as it comes; else there is one request. */
  readonly isConversation: boolean;
  /** Answers a request; gives `undefined` when it was all written, or when its client has left. */
  answer(call: Call, request: unknown): Promise<Packed | undefined>;
}

/** One request, one answer. A handler gives `undefined` when its wait was cancelled. */
export function unary<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  terms: Terms<MessageShape<I>>,
  handle: (call: Call, request: MessageShape<I>) => Promise<MessageInitShape<O> | Packed | undefined>,
): Method {
  return unaryInPieces(method, decoderOf(method.input, terms), terms, handle);
}

/** As `unary`, for a request of many parts: `decode` leaves them as they are, for the handler to decode one by one. */
export function unaryInPieces<Request, O extends DescMessage>(
  method: DescMethodUnary<DescMessage, O>,
  decode: Decoder<Request>,
  terms: Terms<Request>,
  handle: (call: Call, request: Request) => Promise<MessageInitShape<O> | Packed | undefined>,
): Method {
  const answer: Method["answer"] = async (call, request) => {
    const given = await handle(call, request as Request);
    return given === undefined || given instanceof Packed ? given : pack(method.output, given);
  };
  return { ...methodOf(method, terms, false, answer), decode };
}

/** One request, and answers for as long as it takes, which the handler writes. */
export function serverStream<I extends DescMessage, O extends DescMessage>(
  method: DescMethodServerStreaming<I, O>,
  terms: Terms<MessageShape<I>>,
  handle: (call: Call, request: MessageShape<I>) => Promise<void>,
): Method {
  return methodOf(method, terms, false, async (call, request) => {
    await handle(call, request as MessageShape<I>);
    return undefined;
  });
}

/** Requests for as long as the client likes, each with its answer. */
export function conversation<I extends DescMessage, O extends DescMessage>(
  method: DescMethodBiDiStreaming<I, O>,
  terms: Terms<MessageShape<I>>,
  handle: (request: MessageShape<I>) => MessageInitShape<O>,
): Method {
  return methodOf(method, terms, true, (_call, request) =>
    Promise.resolve(pack(method.output, handle(request as MessageShape<I>))),
  );
}

/** The bytes of an answer of few fields. */
export function pack<O extends DescMessage>(output: O, answer: MessageInitShape<O>): Packed {
  const { buffer, byteOffset, length } = toBinary(output, create(output, answer));
  return new Packed(Buffer.from(buffer, byteOffset, length));
}

function decoderOf<I extends DescMessage>(
  input: I,
  { mostFields }: Pick<Terms<never>, "mostFields">,
): Decoder<MessageShape<I>> {
  return (bytes, limits) => decodeRequest(input, bytes, mostFields?.(limits) ?? limits.grpcFields);
}

type AnyMethod = DescMethodUnary | DescMethodServerStreaming | DescMethodBiDiStreaming;

function methodOf<Request>(
  { parent, name, input }: AnyMethod,
  { topicOf = () => "", ...terms }: Terms<Request>,
  isConversation: boolean,
  answer: Method["answer"],
): Method {
  const changes = terms.needs === "write" || terms.needs === "admin";
  return {
    ...terms,
    ...(changes ? { changes } : {}),
    path: `/${parent.typeName}/${name}`,
    topicOf: topicOf as Method["topicOf"],
    decode: decoderOf(input, terms),
    isConversation,
    answer,
  };
}
