/** The servers that run in the tests' own process: on a disk in memory; and on a real folder, under TLS. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Disk,
  FileStorage,
  type Neighbours,
  Netlog,
  type NetlogOptions,
  nodeDisk,
  nodeRuntime,
  silentLogger,
} from "../../lib/index.ts";
import { LIMITS } from "../../lib/limits.ts";
import { type Certificate, startServer } from "../../server/index.ts";
import { testCertificate } from "../support/certificate.ts";
import { MemoryDisk } from "../support/memory-disk.ts";
import { memoryRelay } from "../support/memory-relay.ts";
import { NO_NEIGHBOURS } from "../support/no-neighbours.ts";
import type { ContractTarget } from "./contract.ts";

const SURROUNDINGS = { limits: LIMITS, runtime: nodeRuntime, logger: silentLogger };

export const memoryTarget: ContractTarget = {
  name: "in process, on a disk in memory",
  start: () => startOn(new MemoryDisk({ now: Date.now }), "/data"),
};

export const folderTarget: ContractTarget = {
  name: "in process, on a real folder, under TLS",
  start: async () => {
    const folder = await mkdtemp(join(tmpdir(), "netlog-contract-"));
    const server = await startOn(nodeDisk, folder, await testCertificate());
    const stop = async (): Promise<void> => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    };
    return { url: server.url, stop };
  },
};

/** Every topic is another server's: the one that the tests call sends all on that means a topic. */
export const forwardingTarget: ContractTarget = {
  name: "through a server that sends everything on",
  exceptions: new Map([
    [
      "tells its figures in Prometheus' text format",
      "the figures of a topic are those of the server that has it; Prometheus asks each server",
    ],
  ]),
  start: async () => {
    const disk = new MemoryDisk({ now: Date.now });
    const relay = memoryRelay();
    const owner = await startOn(disk, "/data", undefined, { ...NO_NEIGHBOURS, relay: relay.owner });
    const neighbours: Neighbours = {
      ...NO_NEIGHBOURS,
      relay: relay.front,
      get names() {
        return owner.netlog.topicNames();
      },
      servers: [owner.url],
      has: (name) => owner.netlog.hasTopic(name),
      ownerOf: () => owner.url,
    };
    const front = await startOn(new MemoryDisk({ now: Date.now }), "/data", undefined, neighbours);
    const stop = async (): Promise<void> => {
      await front.stop();
      await owner.stop();
      if (relay.sentCount === 0) throw new Error("nothing was relayed");
    };
    return { url: front.url, stop };
  },
};

export async function startOn(
  disk: Disk,
  folder: string,
  certificate?: Certificate,
  neighbours?: Neighbours,
): Promise<{ url: string; netlog: Netlog; stop(): Promise<void> }> {
  return await startOver(() => FileStorage.open({ ...SURROUNDINGS, folder, disk }), certificate, neighbours);
}

/** A server whose topics are in that storage. */
export async function startOver(
  openStorage: NetlogOptions["openStorage"],
  certificate?: Certificate,
  neighbours?: Neighbours,
): Promise<{ url: string; netlog: Netlog; stop(): Promise<void> }> {
  const near = neighbours === undefined ? {} : { neighbours };
  const netlog = await Netlog.open({ ...SURROUNDINGS, ...near, openStorage });
  const server = await startServer({ netlog, host: "127.0.0.1", port: 0, logger: silentLogger, certificate });
  const stop = async (): Promise<void> => {
    await server.stop();
    await netlog.close();
  };
  return { url: server.url, netlog, stop };
}
