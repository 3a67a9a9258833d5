/** The HTTP contract against the built program, on a real folder. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contractSuite } from "../contract/contract.ts";
import { startBuiltServer } from "../support/built-program.ts";

contractSuite({
  name: "the built program",
  start: async () => {
    const folder = await mkdtemp(join(tmpdir(), "netlog-contract-"));
    const server = await startBuiltServer(folder);
    const stop = async (): Promise<void> => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    };
    return { url: server.url, stop };
  },
});
