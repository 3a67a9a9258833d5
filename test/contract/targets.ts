/** The servers that run in the tests' own process: on a disk in memory; and on a real folder, under TLS. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Disk, FileStorage, Netlog, nodeDisk, nodeRuntime, silentLogger } from "../../lib/index.ts";
import { LIMITS } from "../../lib/limits.ts";
import { type Certificate, startServer } from "../../server/index.ts";
import { testCertificate } from "../support/certificate.ts";
import { MemoryDisk } from "../support/memory-disk.ts";
import type { ContractTarget } from "./contract.ts";

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

export async function startOn(
  disk: Disk,
  folder: string,
  certificate?: Certificate,
): Promise<{ url: string; stop(): Promise<void> }> {
  const surroundings = { limits: LIMITS, runtime: nodeRuntime, logger: silentLogger };
  const netlog = await Netlog.open({
    ...surroundings,
    openStorage: () => FileStorage.open({ ...surroundings, folder, disk }),
  });
  const server = await startServer({ netlog, host: "127.0.0.1", port: 0, logger: silentLogger, certificate });
  const stop = async (): Promise<void> => {
    await server.stop();
    await netlog.close();
  };
  return { url: server.url, stop };
}
