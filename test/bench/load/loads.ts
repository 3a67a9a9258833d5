/** Everything that the load generator can do, by name. */
import { deliver } from "./deliver.ts";
import { drain } from "./drain.ts";
import { fanOut } from "./fan-out.ts";
import { publishGrpc, tailGrpc } from "./grpc-calls.ts";
import { publishNats, pullNats } from "./nats-client.ts";
import { readAt } from "./read-at.ts";
import { pipelineRedis } from "./redis-pipeline.ts";
import { readRedis } from "./redis-range.ts";
import { sendRedis } from "./redis-send.ts";
import { repeat } from "./repeat.ts";
import { getEvents, putEvents } from "./store-calls.ts";
import { closeWaiters, openWaiters, waitAgain, wakeWaiters } from "./waiters.ts";

export interface Loads {
  readonly closeWaiters: typeof closeWaiters;
  readonly deliver: typeof deliver;
  readonly drain: typeof drain;
  readonly fanOut: typeof fanOut;
  readonly getEvents: typeof getEvents;
  readonly openWaiters: typeof openWaiters;
  readonly pipelineRedis: typeof pipelineRedis;
  readonly publishGrpc: typeof publishGrpc;
  readonly publishNats: typeof publishNats;
  readonly pullNats: typeof pullNats;
  readonly putEvents: typeof putEvents;
  readonly readAt: typeof readAt;
  readonly readRedis: typeof readRedis;
  readonly repeat: typeof repeat;
  readonly sendRedis: typeof sendRedis;
  readonly tailGrpc: typeof tailGrpc;
  readonly waitAgain: typeof waitAgain;
  readonly wakeWaiters: typeof wakeWaiters;
}

export const LOADS: Loads = {
  closeWaiters,
  deliver,
  drain,
  fanOut,
  getEvents,
  openWaiters,
  pipelineRedis,
  publishGrpc,
  publishNats,
  pullNats,
  putEvents,
  readAt,
  readRedis,
  repeat,
  sendRedis,
  tailGrpc,
  waitAgain,
  wakeWaiters,
};

export type LoadName = keyof Loads;
export type JobOf<Name extends LoadName> = Parameters<Loads[Name]>[0];
export type ResultOf<Name extends LoadName> = Awaited<ReturnType<Loads[Name]>>;
