/**
 * The HTTP contract as tests, against any server that has a base URL. A target says how to get one; the caller of the suite runs
 * the suite against a new kind of server writes a target and nothing else.
 */
import { afterAll, beforeAll, beforeEach, describe } from "vitest";
import { Api } from "./api.ts";
import { batchOutContract } from "./batch-out.ts";
import { bodyContract } from "./bodies.ts";
import { changeSettingsContract } from "./change-settings.ts";
import { checkContract } from "./check.ts";
import { closedTopicContract } from "./closed-topics.ts";
import { connectionContract } from "./connections.ts";
import { conventionContract } from "./conventions.ts";
import { halfCloseContract } from "./half-close.ts";
import { jsonBodyContract } from "./json-bodies.ts";
import { messageFieldContract } from "./message-fields.ts";
import { namedScannerContract } from "./named-scanners.ts";
import { orderContract } from "./order-of-failures.ts";
import { packedBodyContract } from "./packed-bodies.ts";
import { parameterContract } from "./parameters.ts";
import { pathContract } from "./paths.ts";
import { pendingContract } from "./pending.ts";
import { pipeliningContract } from "./pipelining.ts";
import { publishContract } from "./publish.ts";
import { publishOnConditionContract } from "./publish-on-condition.ts";
import { publishOnceContract } from "./publish-once.ts";
import { readContract } from "./read.ts";
import { readByKeyContract } from "./read-by-key.ts";
import { reasonContract } from "./reasons.ts";
import { scanContract } from "./scan.ts";
import { scanManyContract } from "./scan-many.ts";
import { scanWaitContract } from "./scan-wait.ts";
import { scannerContract } from "./scanners.ts";
import { serverContract } from "./server.ts";
import { serverSentEventContract } from "./server-sent-events.ts";
import { settingsContract } from "./settings.ts";
import { streamOutContract } from "./stream-out.ts";
import { topicLifeContract } from "./topic-life.ts";
import { topicListContract } from "./topic-list.ts";
import { topicContract } from "./topics.ts";
import { webPageContract } from "./web-pages.ts";
import { workContract } from "./work.ts";
import { writeBatchContract } from "./write-batch.ts";
import { writeStreamContract } from "./write-stream.ts";

export interface ContractTarget {
  readonly name: string;
  /** Cases that cannot hold on this server, each with its reason. They are skipped. */
  readonly exceptions?: ReadonlyMap<string, string>;
  /** A server at its default limits, which listens on loopback. */
  start(): Promise<{ readonly url: string; stop(): Promise<unknown> }>;
}

/** Gives the client to a test once the server runs. */
export type UseApi = () => Api;

export function contractSuite(target: ContractTarget): void {
  describe(`the HTTP contract, ${target.name}`, () => {
    let api: Api | undefined;
    let stop: () => Promise<unknown> = () => Promise.resolve();
    beforeAll(async () => {
      const server = await target.start();
      stop = () => server.stop();
      api = new Api(server.url);
    });
    beforeEach(({ task, skip }) => {
      const reason = target.exceptions?.get(task.name);
      if (reason !== undefined) skip(reason);
    });
    afterAll(async () => {
      await api?.close();
      await stop();
    });
    const use: UseApi = () => {
      if (api === undefined) throw new Error("the server did not start");
      return api;
    };
    for (const part of PARTS) part(use);
  });
}

const PARTS: readonly ((use: UseApi) => void)[] = [
  conventionContract,
  pathContract,
  reasonContract,
  orderContract,
  parameterContract,
  webPageContract,
  connectionContract,
  pipeliningContract,
  halfCloseContract,
  bodyContract,
  jsonBodyContract,
  packedBodyContract,
  topicContract,
  topicListContract,
  settingsContract,
  changeSettingsContract,
  topicLifeContract,
  publishContract,
  writeBatchContract,
  writeStreamContract,
  readContract,
  scannerContract,
  scanContract,
  scanWaitContract,
  namedScannerContract,
  workContract,
  pendingContract,
  checkContract,
  serverContract,
  batchOutContract,
  scanManyContract,
  streamOutContract,
  serverSentEventContract,
  messageFieldContract,
  readByKeyContract,
  publishOnceContract,
  publishOnConditionContract,
  closedTopicContract,
];
