import parsePrometheusTextFormat from "parse-prometheus-text-format";
import { expect, it } from "vitest";
import { FAMILIES } from "../../../server/metrics/metric-families.ts";
import type { Api } from "../../contract/api.ts";
import { within } from "../../support/deadline.ts";
import { DATA_FOLDER, openNetlog } from "../../support/netlog-fixture.ts";
import { serverForTest } from "../server-fixture.ts";

const LINE = /^([a-z_]+)(?:\{((?:[a-z_]+="[^"]*",?)+)\})? (\S+)$/;

/** Figures by name and labels, as the text has them. Refuses what is no line of the format. */
async function scrape(api: Api): Promise<Map<string, number>> {
  const reply = await api.get("/-/metrics");
  expect(reply.status).toBe(200);
  const figures = new Map<string, number>();
  for (const line of reply.text.split("\n")) {
    if (line === "" || line.startsWith("# ")) continue;
    const [, name = "", labels = "", value] = LINE.exec(line) ?? expect.fail(line);
    const key = labels === "" ? name : `${name}{${labels}}`;
    expect(figures.has(key), key).toBe(false);
    figures.set(key, Number(value));
  }
  return figures;
}

it("shows figures of its own and of the process, under no other names, each with its type", async () => {
  const { api } = await serverForTest();
  const reply = await api.get("/-/metrics");
  expect(reply.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  const names = [...(await scrape(api)).keys()].map((key) => key.replace(/\{.*/, ""));
  expect(names.filter((name) => !/^(netlog|process)_/.test(name))).toEqual([]);
  for (const name of ["process_cpu_seconds_total", "process_resident_memory_bytes", "netlog_open_files"]) {
    expect(names).toContain(name);
    expect(reply.text).toMatch(new RegExp(`# HELP ${name} .+\\n# TYPE ${name} (counter|gauge)\\n`));
  }
});

it("is read by others' parser as it is meant", async () => {
  const { api, netlog } = await serverForTest();
  const name = "it.is-a_Topic";
  const topic = await netlog.createTopic(name);
  await topic.publish({ payload: Buffer.from("x") });
  await api.newScanner(name, "0");
  await api.get("/no/such/route");
  const { text } = await api.get("/-/metrics");
  const families = parsePrometheusTextFormat(text);
  const ours = families.filter(({ name }) => name.startsWith("netlog_"));
  expect(ours.map(({ name, type, help }) => [name, type.toLowerCase(), help])).toEqual(
    FAMILIES.filter(({ name }) => name.startsWith("netlog_")).map(({ name, type, help }) => [
      name,
      type,
      help,
    ]),
  );
  const metricsOf = (name: string) => families.find((family) => family.name === name)?.metrics ?? [];
  expect(metricsOf("netlog_topic_high_watermark")).toEqual([{ labels: { topic: name }, value: "1" }]);
  expect(metricsOf("netlog_http_requests_total")).toContainEqual({
    labels: { route: "(none)", method: "(other)", status: "404" },
    value: "1",
  });
  const [histogram] = metricsOf("netlog_sync_duration_seconds");
  expect(histogram?.buckets?.["+Inf"]).toBe(histogram?.count);
  expect(Number(histogram?.count)).toBeGreaterThan(0);
});

it("tells the CPU time of the process from its start on", async () => {
  const { api } = await serverForTest();
  const before = process.cpuUsage();
  const figures = await scrape(api);
  const user = figures.get("process_cpu_user_seconds_total") ?? 0;
  const system = figures.get("process_cpu_system_seconds_total") ?? 0;
  expect(user).toBeGreaterThanOrEqual(before.user / 1e6);
  expect(figures.get("process_cpu_seconds_total")).toBeCloseTo(user + system, 1);
});

it("counts requests by route, method and status, whatever the topic or the method is called", async () => {
  const { api } = await serverForTest();
  await api.post("/a");
  for (const topic of ["a", "a", "b"]) await api.post(`/${topic}/payload`, "x");
  await api.get("/a/payload/0");
  await api.get("/no/such/route");
  await api.call("PATCH", "/a/payload/0");
  const figures = await scrape(api);
  const requests = (labels: string) => figures.get(`netlog_http_requests_total{${labels}}`);
  expect(requests('route="/:topic/payload",method="POST",status="201"')).toBe(2);
  expect(requests('route="/:topic/payload",method="POST",status="404"')).toBe(1);
  expect(requests('route="/:topic/payload/:offset",method="GET",status="200"')).toBe(1);
  expect(requests('route="(none)",method="(other)",status="404"')).toBe(1);
  expect(requests('route="/:topic/payload/:offset",method="(other)",status="405"')).toBe(1);
});

it("spreads the time of requests over buckets that add up", async () => {
  const { api, runtime, netlog } = await serverForTest();
  const topic = await netlog.createTopic("t");
  const id = await api.newScanner("t", "0");
  const scan = api.scan("t", id, "1h");
  await expect.poll(async () => (await topic.stats()).waiterCount).toBe(1);
  await runtime.advance(3000);
  await api.publish("t", "x");
  await within("scan", scan);
  const figures = await scrape(api);
  const of = (rest: string) => figures.get(`netlog_http_request_duration_seconds_${rest}`);
  const labels = 'route="/:topic/scan",method="GET"';
  expect(of(`bucket{${labels},le="2.5"}`)).toBe(0);
  expect(of(`bucket{${labels},le="10"}`)).toBe(1);
  expect(of(`bucket{${labels},le="+Inf"}`)).toBe(1);
  expect(of(`count{${labels}}`)).toBe(1);
  expect(of(`sum{${labels}}`)).toBe(3);
});

it("counts messages and bytes in and out, commits and syncs", async () => {
  const { api, netlog } = await serverForTest();
  const topic = await netlog.createTopic("t");
  await Promise.all(["aa", "bb", "cc"].map((text) => topic.publish({ payload: Buffer.from(text) })));
  await api.publish("t", "dddd");
  expect((await api.get("/t/payload/3")).text).toBe("dddd");
  const lines = await api.get("/t/batch?from=0&format=lines");
  const stream = await api.get("/t/stream?from=0&format=lines&follow=0");
  expect(stream.text).toBe(lines.text);
  await api.get("/t/batch?from=0&format=frames");
  await api.scan("t", await api.newScanner("t"));
  const figures = await scrape(api);
  expect(figures.get("netlog_messages_in_total")).toBe(4);
  expect(figures.get("netlog_bytes_in_total")).toBe(10);
  expect(figures.get("netlog_messages_out_total")).toBe(1 + 4 + 4 + 4 + 1);
  expect(figures.get("netlog_bytes_out_total")).toBeGreaterThan(4 + 2 * lines.body.length + 2);
  expect(figures.get("netlog_commit_messages_count")).toBe(2);
  expect(figures.get("netlog_commit_messages_sum")).toBe(4);
  expect(figures.get('netlog_commit_messages_bucket{le="2"}')).toBe(1);
  expect(figures.get('netlog_commit_messages_bucket{le="4"}')).toBe(2);
  expect(figures.get("netlog_sync_duration_seconds_count")).toBeGreaterThanOrEqual(2);
});

it("tells each topic and scanner, and who waits", async () => {
  const { api, netlog } = await serverForTest();
  const topic = await netlog.createTopic("t");
  for (const text of ["a", "b", "c"]) await api.publish("t", text);
  const id = await api.newScanner("t", "1");
  const late = await api.newScanner("t", "end");
  const scan = api.scan("t", late, "1h");
  await expect.poll(async () => (await topic.stats()).waiterCount).toBe(1);
  const figures = await scrape(api);
  expect(figures.get('netlog_topic_high_watermark{topic="t"}')).toBe(3);
  expect(figures.get('netlog_topic_segments{topic="t"}')).toBe(1);
  expect(figures.get('netlog_topic_scanners{topic="t"}')).toBe(2);
  expect(figures.get(`netlog_scanner_lag{topic="t",scanner="${id}"}`)).toBe(2);
  expect(figures.get(`netlog_scanner_pending{topic="t",scanner="${id}"}`)).toBe(0);
  expect(figures.get('netlog_topics{state="open"}')).toBe(1);
  expect(figures.get("netlog_waiters")).toBe(1);
  await api.publish("t", "d");
  await within("scan", scan);
  expect((await scrape(api)).get("netlog_waiters")).toBe(0);
});

it("has so many topics and scanners and no more, persistent ones first, and the rest as a sum", async () => {
  const { api, netlog } = await serverForTest({ limits: { metricTopics: 2, metricScanners: 2 } });
  for (const name of ["a", "b", "c", "d"]) {
    const topic = await netlog.createTopic(name);
    await topic.publish({ payload: Buffer.from("x") });
    await api.newScanner(name, "0");
  }
  const kept = await api.newScanner("d", "0", "&persist=true");
  const figures = await scrape(api);
  const keys = [...figures.keys()];
  expect(keys.filter((key) => key.startsWith("netlog_topic_high_watermark"))).toEqual([
    'netlog_topic_high_watermark{topic="a"}',
    'netlog_topic_high_watermark{topic="b"}',
    'netlog_topic_high_watermark{topic="(others)"}',
  ]);
  expect(figures.get('netlog_topic_high_watermark{topic="(others)"}')).toBe(2);
  const lags = keys.filter((key) => key.startsWith("netlog_scanner_lag"));
  expect(lags).toHaveLength(3);
  expect(lags[0]).toBe(`netlog_scanner_lag{topic="d",scanner="${kept}"}`);
  expect(figures.get('netlog_scanner_lag{topic="(others)",scanner="(others)"}')).toBe(3);
});

it("counts recoveries and what they cut, and no opening after a clean stop", async () => {
  const first = await openNetlog();
  await (await first.netlog.createTopic("t")).publish({ payload: Buffer.from("x") });
  const disk = first.disk.crashProcess();
  const path = `${DATA_FOLDER}/t/00000000000000000000.data`;
  const file = disk.open(path);
  file.write(Buffer.from("torn"), file.sizeBytes());
  file.close();
  const { runtime } = first;
  const crashed = await openNetlog({ disk, runtime });
  expect((await crashed.netlog.stats()).counters).toMatchObject({ recoveries: 1, cuts: 1, cutBytes: 4 });
  await crashed.netlog.close();
  const clean = await openNetlog({ disk, runtime });
  await clean.netlog.createTopic("new");
  expect((await clean.netlog.stats()).counters).toMatchObject({ recoveries: 0, cuts: 0, cutBytes: 0 });
});
