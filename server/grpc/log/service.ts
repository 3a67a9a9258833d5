/** The log over gRPC, netlog.v1.Log: what the HTTP API does, by the same operations. */
import type { ServerContext } from "../../http/context.ts";
import { Log } from "../generated/netlog/v1/log_pb.ts";
import type { GrpcOptions } from "../grpc-server.ts";
import { elsewhereOf } from "./elsewhere.ts";
import { publishMethods } from "./publish.ts";
import { readMethod } from "./read.ts";
import { scannerMethods } from "./scanners.ts";
import { tailMethod } from "./tail.ts";
import { topicMethods } from "./topics.ts";
import { workMethods } from "./work.ts";

/** What a port serves that has the log. */
export function logService(
  context: ServerContext,
): Pick<GrpcOptions, "services" | "methods" | "isReady" | "elsewhere"> {
  const { netlog } = context;
  return {
    services: [Log],
    methods: [
      ...publishMethods(netlog),
      readMethod(netlog),
      tailMethod(netlog),
      ...scannerMethods(context),
      ...workMethods(netlog),
      ...topicMethods(netlog),
    ],
    isReady: () => netlog.requireReady(),
    elsewhere: elsewhereOf(netlog),
  };
}
