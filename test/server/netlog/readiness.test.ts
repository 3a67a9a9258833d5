import { expect, it } from "vitest";
import { LIMITS } from "../../../server/index.ts";
import { expectError } from "../../contract/expect-error.ts";
import { within } from "../../support/deadline.ts";
import { FaultyDisk } from "../../support/faulty-disk.ts";
import { DATA_FOLDER, openNetlog } from "../../support/netlog-fixture.ts";
import { serverForTest } from "../server-fixture.ts";

it("is not ready while the disk is full, and ready again when there is room", async () => {
  const { api, disk, runtime } = await serverForTest();
  const { capacityBytes } = disk;
  expect((await api.get("/-/ready")).status).toBe(200);
  disk.capacityBytes = 0;
  await runtime.advance(LIMITS.probeMs);
  const reply = await api.get("/-/ready");
  expect(reply.status).toBe(503);
  expect(reply.headers["retry-after"]).toMatch(/^\d+$/);
  expect(reply.json).toEqual({
    ok: false,
    status: 503,
    error: "netlog: topic unavailable",
    reason: "the disk is full",
    failed: [],
  });
  disk.capacityBytes = capacityBytes;
  await runtime.advance(LIMITS.probeMs);
  expect((await api.get("/-/ready")).status).toBe(200);
});

it("looks at the disk once a second at most, however many ask", async () => {
  let writtenCount = 0;
  const seen = (disk: FaultyDisk["inner"]): FaultyDisk => {
    const counting = new FaultyDisk(disk);
    const create = counting.create.bind(counting);
    counting.create = (path) => {
      if (path.endsWith(".probe")) writtenCount += 1;
      return create(path);
    };
    return counting;
  };
  const { api, runtime } = await serverForTest({ seen });
  for (const looks of [1, 2, 3]) {
    for (let i = 0; i < 10; i++) expect((await api.get("/-/ready")).status).toBe(200);
    await runtime.advance(LIMITS.probeMs - 1);
    expect((await api.get("/-/ready")).status).toBe(200);
    expect(writtenCount).toBe(looks);
    await runtime.advance(1);
  }
});

it("is not ready when the data folder is gone, and says nothing of its path", async () => {
  const { api, disk } = await serverForTest();
  await disk.removeTree(DATA_FOLDER);
  const reply = await api.get("/-/ready");
  expect(reply.status).toBe(503);
  expect(reply.text).toContain("the data folder is gone");
  expect(reply.text).not.toContain(DATA_FOLDER);
});

it("is not ready when nothing can be written", async () => {
  let faulty: FaultyDisk | undefined;
  const { api } = await serverForTest({
    seen: (disk) => {
      faulty = new FaultyDisk(disk);
      return faulty;
    },
  });
  faulty?.plan({ code: "EROFS", kinds: ["create"] });
  expect((await api.get("/-/ready")).text).toContain("cannot be written (EROFS)");
});

it("is ready with topics that failed to open, and lists them", async () => {
  const first = await openNetlog();
  for (const name of ["good", "bad"]) await first.netlog.createTopic(name);
  await first.netlog.close();
  await first.disk.remove(`${DATA_FOLDER}/bad/00000000000000000000.data`);
  const { api } = await serverForTest({ disk: first.disk, runtime: first.runtime });
  const reply = await api.get("/-/ready");
  expect(reply.status).toBe(200);
  expect(reply.json).toEqual({
    ok: true,
    failed: [{ name: "bad", reason: "there is no data file in its folder" }],
  });
});

it("lists some of the topics that failed to open where it is not ready", async () => {
  const first = await openNetlog();
  for (const name of ["a", "b", "c"]) await first.netlog.createTopic(name);
  await first.netlog.close();
  for (const name of ["a", "b", "c"])
    await first.disk.remove(`${DATA_FOLDER}/${name}/00000000000000000000.data`);
  const { disk, runtime } = first;
  const { api, netlog } = await serverForTest({ disk, runtime, limits: { failedTopicsListed: 2 } });
  netlog.beginShutdown();
  const reply = await api.get("/-/ready");
  expect(reply.status).toBe(503);
  expect(reply.json).toMatchObject({ failed: [{ name: "a" }, { name: "b" }] });
});

it("is alive but not ready while it shuts down", async () => {
  const { api, netlog } = await serverForTest();
  netlog.beginShutdown();
  const reply = await api.get("/-/ready");
  expect(reply.status).toBe(503);
  expect(reply.headers["x-netlog-error"]).toBe("shutting_down");
  expect((await api.get("/-/health")).status).toBe(200);
});

it("looks once for those who ask at the same time, and leaves nothing behind", async () => {
  const { api, disk, netlog, runtime } = await serverForTest();
  const replies = await within("ready", Promise.all(Array.from({ length: 20 }, () => api.get("/-/ready"))));
  expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  expect(await disk.list(DATA_FOLDER)).toEqual([".lock"]);
  expectError(await api.get("/-/ready?deep=1"), "bad request");
  disk.create(`${DATA_FOLDER}/.probe`).close();
  await runtime.advance(LIMITS.probeMs);
  expect((await api.get("/-/ready")).status).toBe(200);
  disk.create(`${DATA_FOLDER}/.probe`).close();
  await netlog.close();
  const { logger } = await openNetlog({ disk, runtime });
  expect(logger.messages("warn")).toEqual([]);
});
