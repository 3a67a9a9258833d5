/** The yardstick for gRPC: what the library takes for a unary call with nothing behind it. Tells its port to its parent. */
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";

/** About as long as what netlog answers to a publish. */
const ANSWER = Buffer.alloc(12);

const server = new Server({ "grpc.enable_channelz": 0 });
const same = (bytes: Buffer): Buffer => bytes;
const answer = (_call: ServerUnaryCall<Buffer, Buffer>, respond: sendUnaryData<Buffer>): void =>
  respond(null, ANSWER);
server.register("/netlog.v1.Log/Publish", answer, same, same, "unary");
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.send?.(port);
});
