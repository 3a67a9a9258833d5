/** A server that speaks gRPC on a free port, and a client of the gRPC library's own making. */
import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  type CallOptions,
  type ChannelCredentials,
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status as Status,
} from "@grpc/grpc-js";
import { expect, onTestFinished } from "vitest";
import { Log } from "../../../server/grpc/generated/netlog/v1/log_pb.ts";
import { type ServerFixture, type ServerFixtureOptions, serverForTest } from "../server-fixture.ts";

export interface GrpcFixture extends ServerFixture {
  readonly grpc: GrpcClient;
}

export async function grpcForTest(options: ServerFixtureOptions = {}): Promise<GrpcFixture> {
  const grpc = { host: "127.0.0.1", port: 0 };
  const fixture = await serverForTest({ ...options, server: { grpc, ...options.server } });
  return { ...fixture, grpc: clientForTest(fixture.server.grpcPort) };
}

/** A client with a connection of its own. */
export function clientForTest(port: number | undefined, secret?: ChannelCredentials): GrpcClient {
  const client = new GrpcClient(`127.0.0.1:${port}`, secret ?? credentials.createInsecure());
  onTestFinished(() => client.close());
  return client;
}

export interface Asked extends CallOptions {
  readonly token?: string;
}

/** A call that can be given up. */
export interface Begun<Response> {
  readonly answer: Promise<Response>;
  cancel(): void;
}

export class GrpcClient {
  readonly client: Client;

  constructor(address: string, secret: ChannelCredentials) {
    this.client = new Client(address, secret, {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_receive_message_length": -1,
    });
  }

  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    asked: Asked = {},
  ): Promise<MessageShape<O>> {
    return this.begin(method, request, asked).answer;
  }

  begin<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    { token, ...options }: Asked = {},
  ): Begun<MessageShape<O>> {
    let cancel = (): void => {};
    const answer = new Promise<MessageShape<O>>((resolve, reject) => {
      const call = this.client.makeUnaryRequest(
        pathOf(method),
        (message: MessageShape<I>) => Buffer.from(toBinary(method.input, message)),
        (bytes) => fromBinary(method.output, bytes),
        create(method.input, request),
        metadataOf(token),
        options,
        (error, response) => (error === null ? resolve(response!) : reject(error)),
      );
      cancel = () => call.cancel();
    });
    return { answer, cancel: () => cancel() };
  }

  /** The answers of a stream; to be cancelled by the test where it does not end. */
  stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    { token, ...options }: Asked = {},
  ): ClientReadableStream<MessageShape<O>> {
    return this.client.makeServerStreamRequest(
      pathOf(method),
      (message: MessageShape<I>) => Buffer.from(toBinary(method.input, message)),
      (bytes) => fromBinary(method.output, bytes),
      create(method.input, request),
      metadataOf(token),
      options,
    );
  }

  close(): void {
    this.client.close();
  }

  /** Publishes texts, and gives the offset of the first. */
  async publish(topic: string, ...texts: string[]): Promise<number> {
    const messages = texts.map((text) => ({ payload: Buffer.from(text) }));
    const { offset } = await this.call(Log.method.publishBatch, { topic, messages });
    return Number(offset);
  }
}

export function texts(messages: readonly { readonly payload: Uint8Array }[]): string[] {
  return messages.map(({ payload }) => Buffer.from(payload).toString());
}

/** The call fails with this status, and with the code in its trailers. */
export async function expectFailure(
  call: Promise<unknown>,
  status: keyof typeof Status,
  code: string | undefined,
): Promise<ServiceError> {
  const error = await call.then(
    () => undefined,
    (failure: ServiceError) => failure,
  );
  expect(error, `the call ends with ${status}`).toBeInstanceOf(Error);
  expect([Status[error!.code], trailer(error!, "x-netlog-error")]).toEqual([status, code]);
  return error!;
}

export function trailer({ metadata }: ServiceError, name: string): string | undefined {
  return metadata.get(name)[0]?.toString();
}

function pathOf(method: DescMethodUnary | DescMethodServerStreaming): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function metadataOf(token: string | undefined): Metadata {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
  return metadata;
}
