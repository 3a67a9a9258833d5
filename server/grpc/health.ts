/** Health as gRPC has it, for load balancers and probes. It needs no token, as `/-/health` does not. */
import type { DescService } from "@bufbuild/protobuf";
import { HttpError } from "../wire/errors.ts";
import {
  Health,
  type HealthCheckRequest,
  HealthCheckResponse_ServingStatus as Serving,
} from "./generated/grpc/health/v1/health_pb.ts";
import { type Call, type Method, pack, serverStream, unary } from "./method.ts";

/** Whether the services can do their work; rejects where they cannot. */
export type Readiness = () => Promise<void>;

/** Tells of the services, and of the server as a whole. `stopping` is aborted when the server begins to stop. */
export function health(
  services: readonly DescService[],
  isReady: Readiness,
  stopping: AbortSignal,
): Method[] {
  const names: ReadonlySet<string> = new Set(["", ...services.map(({ typeName }) => typeName)]);
  const look = async ({ service }: HealthCheckRequest): Promise<Serving> => {
    if (!names.has(service)) return Serving.SERVICE_UNKNOWN;
    if (stopping.aborted) return Serving.NOT_SERVING;
    return await isReady().then(
      () => Serving.SERVING,
      () => Serving.NOT_SERVING,
    );
  };
  return [
    unary(Health.method.check, { needs: "nothing" }, async (_call, request) => {
      const status = await look(request);
      if (status === Serving.SERVICE_UNKNOWN)
        throw new HttpError("not_found", { reason: "there is no such service" });
      return { status };
    }),
    serverStream(Health.method.watch, { needs: "nothing" }, (call, request) =>
      watch(call, () => look(request), stopping),
    ),
  ];
}

/** Tells the status now and whenever it changes, which it looks for as often as streams have heartbeats. */
async function watch(call: Call, look: () => Promise<Serving>, stopping: AbortSignal): Promise<void> {
  const { request } = call;
  let told: Serving | undefined;
  while (!request.hasLeft) {
    const isLast = stopping.aborted;
    const status = await look();
    if (status !== told && !(await request.write(pack(Health.method.watch.output, { status })))) return;
    told = status;
    if (isLast) return;
    await aWhile(call, stopping);
  }
}

/** Ends early when the client leaves, or the server stops. */
function aWhile({ request, context }: Call, stopping: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      request.offClose(end);
      stopping.removeEventListener("abort", end);
      resolve();
    };
    const timer = context.runtime.setTimer(context.limits.heartbeatMs, end);
    request.onClose(end);
    stopping.addEventListener("abort", end);
  });
}
