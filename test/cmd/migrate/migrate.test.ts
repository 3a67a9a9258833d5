import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FileStorage, Netlog, nodeDisk, nodeRuntime, silentLogger } from "../../../lib/index.ts";
import { LIMITS } from "../../../lib/limits.ts";
import { startEngineServer } from "../../support/engine-server.ts";
import { textsOf } from "../../support/fork-fixture.ts";
import { hasNats, Nats } from "../../support/nats.ts";
import { publishAll } from "../../support/netlog-fixture.ts";
import { runCommand } from "../../support/run-command.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { lease } from "../../support/work-fixture.ts";

function openFolder(folder: string): Promise<Netlog> {
  const surroundings = { runtime: nodeRuntime, logger: silentLogger, limits: LIMITS };
  const openStorage = () => FileStorage.open({ ...surroundings, folder, disk: nodeDisk });
  return Netlog.open({ ...surroundings, openStorage });
}

describe.skipIf(!hasNats)("netlog migrate", () => {
  let nats: Nats;
  beforeAll(async () => {
    nats = await Nats.start();
  });
  afterAll(() => nats.remove());

  const flags = (dir: string) => [
    "migrate",
    ...["--dir", dir, "--engine", nats.url, "--engine-copies", "1", "--engine-unsafe"],
  ];

  it("copies topics to NATS, where running servers serve them, and back", async () => {
    const dir = temporaryFolder();
    const netlog = await openFolder(dir);
    const orders = await netlog.createTopic("orders");
    await publishAll(orders, ["a", "b"]);
    await lease((await orders.findOrCreateScanner({ id: "s", persist: true, from: 0 })).scanner);
    await netlog.createTopic("others");
    await netlog.close();
    const server = await startEngineServer(nats);

    expect(await runCommand([...flags(dir), "orders"])).toEqual({
      status: 0,
      out: "copied: orders: 2 messages, 1 scanner\n",
      err: "",
    });
    const read = () => fetch(`${server.url}/orders/payload/1`).then((response) => response.text());
    await expect.poll(read).toBe("b");
    const scan = await fetch(`${server.url}/orders/scan?id=s`);
    expect([scan.headers.get("x-offset"), await scan.text()]).toEqual(["1", "b"]);
    expect(await runCommand([...flags(dir), "--json"])).toEqual({
      status: 1,
      out:
        '{"name":"orders","isCopied":false,"reason":"it is there already"}\n' +
        '{"name":"others","isCopied":true,"messageCount":0,"heldCount":0,"scannerCount":0}\n',
      err: "",
    });
    await server.stop();

    const back = `${temporaryFolder()}/data`;
    expect((await runCommand([...flags(back), "--back"])).out).toBe(
      "copied: orders: 2 messages, 1 scanner\ncopied: others: 0 messages, 0 scanners\n",
    );
    const again = await openFolder(back);
    expect(await textsOf(again.topic("orders"))).toEqual(["a", "b"]);
    expect(again.topic("orders").scanner("s").info().next).toBe(2);
    await again.close();
  });

  it("refuses what is no topic, no folder, no NATS, and a folder that is in use", async () => {
    const dir = temporaryFolder();
    const netlog = await openFolder(dir);
    expect((await runCommand(flags(dir))).err).toContain("is in use by another server");
    await netlog.close();
    const unknown = await runCommand([...flags(dir), "unknown"]);
    expect([unknown.status, unknown.err]).toEqual([2, expect.stringContaining('no topic "unknown"')]);
    expect((await runCommand(flags(`${dir}/missing`))).err).toContain("there is no data folder");
    expect((await runCommand(["migrate", "--dir", dir])).err).toContain("migrate needs --engine");
    const nowhere = await runCommand(["migrate", "--dir", dir, "--engine", "nats://127.0.0.1:1"]);
    expect([nowhere.status, nowhere.err]).toEqual([1, expect.stringContaining("netlog: ")]);
  });
});
