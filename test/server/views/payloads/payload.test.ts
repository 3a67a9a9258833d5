/** `GET /payloads/{request_id}`: statuses and durations of one payload, and what is refused. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DATABASES, type TestDatabase } from "../../../support/views/databases.ts";
import { requestIdOf } from "../../../support/views/payloads.ts";
import { openTracker, type TrackerFixture } from "../../../support/views/tracker.ts";

const ID = "e4b3d38f199f4abdb1cfbcf6e3b81f56";
const OTHER = "0b0c3a9e7a0f4d8e9d3e2f4b7c1d5e60";
const OTHER_DASHED = "0b0c3a9e-7a0f-4d8e-9d3e-2f4b7c1d5e60";
const NAMES = { account: "010101", org_id: "123456", inventory_id: "inventory 1", system_id: "system 1" };
const DATES = [
  ["07:45:26.371", ""],
  ["07:45:33.350", "inventory"],
  ["07:45:36.341", ""],
  ["07:45:38.975", "inventory"],
  ["07:45:39.374", "engine"],
  ["07:45:39.975", "engine"],
] as const;
const MESSAGES = DATES.map(([time, source], number) => ({
  ...NAMES,
  request_id: ID,
  service: "puptoo",
  source,
  status: number === 5 ? "success" : "processing",
  status_msg: number === 5 ? "done" : "",
  date: `2021-08-04T${time}`,
}));

for (const target of DATABASES) {
  describe.skipIf(target.isMissing)(target.name, () => {
    let opened: TestDatabase;
    let fixture: TrackerFixture;
    beforeAll(async () => {
      opened = await target.open();
      fixture = await openTracker(opened.database);
      await fixture.apply(MESSAGES);
    });
    afterAll(async () => {
      await fixture.stop();
      await opened.close();
    });
    suite(() => fixture);
  });
}

function suite(opened: () => TrackerFixture): void {
  test("the durations of the services, of all of them, and of the payload", async () => {
    const { get } = opened();
    const { status, body } = await get(`/payloads/${ID}`);
    expect(status).toBe(200);
    expect(body.duration).toEqual({
      "puptoo:inventory": "00:00:05.625000",
      "puptoo:undefined": "00:00:09.970000",
      "puptoo:engine": "00:00:00.601000",
      total_time_in_services: "00:00:16.196000",
      total_time: "00:00:13.604000",
    });
  });

  test("every status as it was sent, the newest first, what is empty left out", async () => {
    const { get } = opened();
    const { body } = await get(`/payloads/${ID}`);
    const ids = { id: expect.any(Number), request_id: ID, ...NAMES };
    expect(body.data).toHaveLength(6);
    expect(body.data[0]).toEqual({
      ...ids,
      status_msg: "done",
      date: "2021-08-04T07:45:39.975Z",
      created_at: "2022-03-17T17:00:05Z",
      service: "puptoo",
      source: "engine",
      status: "success",
    });
    expect(body.data[5]).toEqual({
      ...ids,
      date: "2021-08-04T07:45:26.371Z",
      created_at: "2022-03-17T17:00:00Z",
      service: "puptoo",
      status: "processing",
    });
    expect(body.data[0].id).toBe(body.data[5].id);
  });

  test("each verbosity has its keys; any other word is 0", async () => {
    const { get } = opened();
    const first = async (verbosity: string): Promise<object> =>
      (await get(`/payloads/${ID}?verbosity=${verbosity}`)).body.data[0];
    const date = "2021-08-04T07:45:39.975Z";
    expect(await first("1")).toEqual({
      service: "puptoo",
      status: "success",
      inventory_id: "inventory 1",
      date,
      status_msg: "done",
    });
    expect(await first("2")).toEqual({ service: "puptoo", status: "success", date });
    expect(await first("7")).toEqual(await first("0"));
  });

  test("every order, at each verbosity, both ways", async () => {
    const { get } = opened();
    for (const sort of ["service", "source", "status", "status_msg", "date", "created_at"]) {
      for (const verbosity of [0, 1, 2]) {
        const path = `/payloads/${ID}?sort_by=${sort}&verbosity=${verbosity}`;
        const { status, body } = await get(`${path}&sort_dir=asc`);
        expect(status, path).toBe(200);
        expect((await get(path)).body.data, path).toEqual(body.data.toReversed());
        if (verbosity > 0) continue;
        const values = (body.data as Record<string, string>[]).map((row) => row[sort] ?? "");
        expect(values, path).toEqual(values.toSorted());
      }
    }
  });

  test("both spellings of a UUID find the payload, whichever was sent", async () => {
    const { get, apply } = opened();
    await apply([
      { ...MESSAGES[0], request_id: OTHER },
      { ...MESSAGES[0], request_id: OTHER_DASHED },
    ]);
    const plain = (await get(`/payloads/${OTHER}`)).body;
    expect(plain.data).toHaveLength(2);
    expect((await get(`/payloads/${OTHER_DASHED}`)).body).toEqual(plain);
  });

  test("of very many statuses the first ones are listed, and all are counted", async () => {
    const { get, apply } = opened();
    const many = Array.from({ length: 500 }, (_, number) => ({
      ...MESSAGES[0],
      request_id: requestIdOf(1),
      date: `2021-08-04T07:45:26.${String(number).padStart(3, "0")}Z`,
    }));
    await apply(many);
    await apply(many);
    expect((await get(`/payloads/${requestIdOf(1)}`)).body).not.toHaveProperty("count");
    await apply(many.slice(0, 1));
    const { data, count, duration } = (await get(`/payloads/${requestIdOf(1)}`)).body;
    expect([data.length, count]).toEqual([1000, 1001]);
    expect(duration.total_time).toBe("00:00:00.499000");
  });

  test.each([requestIdOf(99), "1234", "a%00b", "%2F", ""])("an unknown one is 404: %j", async (id) => {
    const { get } = opened();
    const { status, body } = await get(`/payloads/${id}`);
    expect(status).toBe(404);
    const message = `payload with id: ${decodeURIComponent(id)} not found`;
    expect(body).toEqual({ title: "Not Found", message, status: 404 });
  });

  test.each([
    ["sort_dir=des", "sort_dir must be one of asc, desc"],
    ["sort_by=account", "sort_by must be one of service, source, status, status_msg, date, created_at"],
    ["page=1", 'unknown parameter "page"; there are: sort_by, sort_dir, verbosity'],
    ["verbosity=1&verbosity=2", 'the parameter "verbosity" was given twice'],
  ])("?%s is refused", async (query, message) => {
    const { get } = opened();
    expect(await get(`/payloads/${ID}?${query}`)).toMatchObject({
      status: 400,
      body: { title: "Bad Request", message, status: 400 },
    });
  });
}
