/** The tracker's two ports: health, probes, figures, rights, rates, errors, base paths, the description, the settings. */
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Tally } from "../../../../lib/index.ts";
import { hashToken } from "../../../../server/index.ts";
import { payloadsProgram } from "../../../../server/views/payloads/program.ts";
import { within } from "../../../support/deadline.ts";
import { DATABASES, type TestDatabase } from "../../../support/views/databases.ts";
import { requestIdOf } from "../../../support/views/payloads.ts";
import { settingsFor, trackerForTest } from "../../../support/views/tracker.ts";

const MESSAGE = {
  service: "s",
  request_id: requestIdOf(1),
  status: "received",
  date: "2022-03-17T16:56:10Z",
};

let opened: TestDatabase;
beforeAll(async () => {
  opened = await (DATABASES[0] as (typeof DATABASES)[number]).open();
});
afterEach(() => opened.clear());
afterAll(() => opened.close());

async function textOf(url: string): Promise<[number, string]> {
  const answer = await fetch(url);
  return [answer.status, await answer.text()];
}

test("lubdub at the root and under both bases, on both ports", async () => {
  const { url, metricsUrl } = await trackerForTest(opened.database);
  for (const path of [
    "/",
    "/api/v1",
    "/api/v1/",
    "/app/payload-tracker/api/v1",
    "/app/payload-tracker/api/v1/",
  ]) {
    expect(await textOf(`${url}${path}`), path).toEqual([200, "lubdub"]);
  }
  expect(await textOf(`${metricsUrl}/`)).toEqual([200, "lubdub"]);
});

test("the API answers under both bases alike", async () => {
  const { url, apply } = await trackerForTest(opened.database);
  await apply([MESSAGE]);
  for (const base of ["/api/v1", "/app/payload-tracker/api/v1"]) {
    const answer = await fetch(`${url}${base}/payloads`);
    expect(await answer.json()).toMatchObject({ count: 1, data: [{ request_id: requestIdOf(1) }] });
  }
});

describe("health", () => {
  test("OK while the database answers", async () => {
    const { url, metricsUrl } = await trackerForTest(opened.database);
    expect(await textOf(`${url}/health`)).toEqual([200, "OK"]);
    expect(await textOf(`${metricsUrl}/live`)).toEqual([200, "OK"]);
    expect(await textOf(`${metricsUrl}/ready`)).toEqual([200, "OK"]);
  });

  test("500 without a body when it does not, and lists are 500 with the error's body", async () => {
    const other = await (DATABASES[0] as (typeof DATABASES)[number]).open();
    const { url, get, logger } = await trackerForTest(other.database);
    await other.close();
    expect(await textOf(`${url}/health`)).toEqual([500, ""]);
    for (const path of ["/payloads", "/statuses", `/payloads/${requestIdOf(1)}`]) {
      const { status, body } = await get(path);
      const message = "the database cannot be asked now; try again later";
      expect([status, body]).toEqual([500, { title: "Internal Server Error", message, status: 500 }]);
    }
    expect(logger.lines.map(({ fields }) => String(fields.err)).join()).toContain("the database is closed");
  });

  test("a read that finds a hundred before it is 503, and the answer says when to come again", async () => {
    const { get } = await trackerForTest(opened.database);
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const held = opened.database.reads("payloads").snapshot(() => gate, { timeoutMs: 60_000 });
    const asked = Array.from({ length: 102 }, () => get("/payloads"));
    const { status, body, headers } = await within("a refusal", Promise.race(asked));
    release();
    const message = "too many reads wait for the database already; try again later";
    expect([status, body]).toEqual([503, { title: "Service Unavailable", message, status: 503 }]);
    expect(headers.get("retry-after")).toBe("1");
    await held;
    expect((await Promise.all(asked)).filter((answer) => answer.status === 200)).toHaveLength(100);
  });

  test("a view that is about to make its tables is 503", async () => {
    const { get } = await trackerForTest(opened.database);
    await opened.clear();
    const { status, body, headers } = await get("/statuses");
    const message = "the view is about to make its tables; try again later";
    expect([status, body]).toEqual([503, { title: "Service Unavailable", message, status: 503 }]);
    expect(headers.get("retry-after")).toBe("1");
  });

  test("probes say what the view says", async () => {
    const { metricsUrl, running } = await trackerForTest(opened.database);
    running.trouble = "the view is 20000 messages behind, more than 10000";
    running.isLive = false;
    expect(await textOf(`${metricsUrl}/ready`)).toEqual([500, running.trouble]);
    expect(await textOf(`${metricsUrl}/live`)).toEqual([500, "a batch takes too long; the view is stuck"]);
  });
});

test("figures under upstream's names", async () => {
  const { metricsUrl, get, running } = await trackerForTest(opened.database);
  const batchMs = new Tally([1]);
  running.figures = {
    appliedCount: 5,
    malformedCount: 3,
    refusedCount: 2,
    missedCount: 1,
    lagMessages: 7,
    batchMs,
  };
  await get("/payloads");
  await get("/payloads?page=x");
  await get("/nowhere");
  const [status, text] = await textOf(`${metricsUrl}/metrics`);
  expect(status).toBe(200);
  for (const line of [
    "payload_tracker_requests 3",
    'payload_tracker_responses{code="200"} 1',
    'payload_tracker_responses{code="400"} 1',
    'payload_tracker_responses{code="404"} 1',
    "payload_tracker_api_invalid_request_IDs 0",
    "payload_tracker_consumed_messages 10",
    "payload_tracker_messages_processed 5",
    "payload_tracker_consumer_invalid_request_IDs 3",
    "payload_tracker_message_process_errors 2",
    "payload_tracker_consume_errors 1",
    "payload_tracker_lag_messages 7",
    "payload_tracker_db_seconds_count 1",
    'payload_tracker_message_process_seconds_bucket{le="+Inf"} 0',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  // Asked twice, a counter of the view counts once.
  expect((await textOf(`${metricsUrl}/metrics`))[1]).toContain("payload_tracker_messages_processed 5\n");
});

describe("who may ask", () => {
  const tokens = [
    { name: "reader", hash: hashToken("netlog_reader"), topics: ["platform.*"], rights: ["read" as const] },
    { name: "other", hash: hashToken("netlog_other"), topics: ["other"], rights: ["read" as const] },
  ].map((token) => ({ ...token, hash: `sha256:${token.hash}` }));

  test("where there are tokens, the API needs the right to read the topic, and health none", async () => {
    const { get, url } = await trackerForTest(opened.database, { server: { tokens } });
    const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
    expect((await get("/payloads")).status).toBe(401);
    expect((await get("/payloads", bearer("netlog_other"))).status).toBe(403);
    expect((await get("/payloads", bearer("netlog_reader"))).status).toBe(200);
    expect(await textOf(`${url}/health`)).toEqual([200, "OK"]);
  });

  test("a page of another site is refused", async () => {
    const { get } = await trackerForTest(opened.database);
    const { status, body } = await get("/payloads", { origin: "https://evil.example" });
    expect([status, body.title]).toEqual([403, "Forbidden"]);
  });

  test("a client that asks too often is 429, and its health checks go on", async () => {
    const { get, url } = await trackerForTest(opened.database, {
      variables: { MAX_REQUESTS_PER_MINUTE: "3" },
    });
    const statuses = [];
    for (let asked = 0; asked < 5; asked++) statuses.push((await get("/payloads")).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    expect((await get("/payloads")).body).toMatchObject({ title: "Too Many Requests", status: 429 });
    expect(await textOf(`${url}/health`)).toEqual([200, "OK"]);
  });
});

describe("other requests", () => {
  test("a path that is none, /stats included, is 404 and says where the routes are", async () => {
    const { get } = await trackerForTest(opened.database);
    for (const path of ["/stats", "/payloads/a/b", "/archive/1"]) {
      expect((await get(path)).body).toEqual({
        title: "Not Found",
        message: "there is no such route; GET /api/v1/openapi.json describes all routes",
        status: 404,
      });
    }
  });

  test("other methods are 405 and change nothing", async () => {
    const { url } = await trackerForTest(opened.database);
    for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
      const answer = await fetch(`${url}/api/v1/payloads`, { method });
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
      expect(await answer.json()).toMatchObject({ title: "Method Not Allowed", status: 405 });
    }
  });
});

test("the description is OpenAPI, and names every parameter that a route takes, and no other", async () => {
  const { get } = await trackerForTest(opened.database, { variables: { REQUESTOR_IMPL: "mock" } });
  const { body } = await get("/openapi.json");
  expect(await new Validator().validate(body)).toEqual({ valid: true });
  expect(body.info.version).toBe("1.2.3");
  expect(Object.keys(body.paths)).toEqual([
    "/payloads",
    "/payloads/{request_id}",
    "/payloads/{request_id}/archiveLink",
    "/payloads/{request_id}/kibanaLink",
    "/roles/archiveLink",
    "/statuses",
    "/openapi.json",
    "/archive/{request_id}",
  ]);
  for (const [path, item] of Object.entries<Record<string, { parameters?: { name: string; in: string }[] }>>(
    body.paths,
  )) {
    const named = (item.get?.parameters ?? []).filter((each) => each.in === "query").map(({ name }) => name);
    const { body: refusal } = await get(`${path.replace("{request_id}", requestIdOf(1))}?zzzzzz=1`).catch(
      () => ({ body: {} }),
    );
    if (refusal.message === undefined) continue;
    const list = /there are: (.*)$/.exec(refusal.message)?.[1];
    expect(list, path).toBe(named.length === 0 ? "none" : named.join(", "));
  }
});

describe("settings", () => {
  test.each([
    ["PUBLICPORT", "abc", "a whole number from 0 to 65535"],
    ["METRICSPORT", "70000", "a whole number from 0 to 65535"],
    ["VALIDATE_REQUEST_ID_LENGTH", "-1", "a whole number from 0 to 1024"],
    ["RETENTION_DAYS", "1.5", "a whole number from 0 to 36500"],
    ["MAX_REQUESTS_PER_MINUTE", "", "a whole number from 0 to 999999999"],
    ["REQUESTOR_IMPL", "none", "storage-broker or mock"],
    ["STORAGEBROKERURL", "ftp://host", "an http or https URL"],
    ["STORAGEBROKERREQUESTTIMEOUT", "0", "a whole number from 1 to 86400000"],
    ["KIBANA_URL", "javascript:alert(1)", "an http or https URL"],
    ["KIBANA_SERVICE_FIELD", "app OR x", "the name of a field"],
    ["TOPIC_PAYLOAD_STATUS", "platform.*", "the name of a topic"],
    ["TOPIC_PAYLOAD_STATUS", "", "the name of a topic"],
    ["HOST", "", "a name or an address"],
    ["STORAGEBROKERURLROLE", "", "the name of a role"],
  ])("%s=%s is refused", (name, value, allowed) => {
    const given = { KIBANA_URL: "http://kibana", [name]: value };
    expect(() => payloadsProgram.prepare(settingsFor(given))).toThrow(`${name} takes ${allowed}`);
  });

  test("the level of the log is upstream's, in both of its spellings, and none where neither is given", () => {
    const levelOf = (given: Record<string, string>): unknown =>
      payloadsProgram.prepare(settingsFor(given)).logLevel;
    expect(levelOf({})).toBeUndefined();
    expect(levelOf({ LOGLEVEL: "DEBUG", LOG_LEVEL: "ERROR" })).toBe("debug");
    expect(levelOf({ LOG_LEVEL: "ERROR" })).toBe("error");
    expect(levelOf({ LOGLEVEL: "chatty" })).toBe("info");
  });

  test("the document has them all, with what they are where they are not given", () => {
    const file = new URL("../../../../server/views/payloads/README.md", import.meta.url);
    const text = readFileSync(file, "utf8");
    for (const { name, fallback, description, ignoredFor } of payloadsProgram.variables) {
      const quoted = fallback === "" ? "" : `\`${fallback}\``;
      if (ignoredFor === undefined) expect(text).toContain(`| \`${name}\` | ${quoted} | ${description} |\n`);
      else expect(text).toContain(`\`${name}\``);
    }
  });

  test("every variable of upstream is known; those of parts that are gone say why", () => {
    const names = payloadsProgram.variables.map(({ name }) => name);
    const ofUpstream =
      "ENVIRONMENT LOGLEVEL LOG_LEVEL PUBLICPORT METRICSPORT KAFKA_BOOTSTRAP_SERVERS KAFKA_GROUP_ID " +
      "KAFKA_AUTO_OFFSET_RESET KAFKA_AUTO_COMMIT_INTERVAL_MS KAFKA_TIMEOUT TOPIC_PAYLOAD_STATUS DB_USER DB_PASSWORD " +
      "DB_NAME DB_HOST DB_PORT DB_RETRIES VALIDATE_REQUEST_ID_LENGTH REQUESTOR_IMPL MAX_REQUESTS_PER_MINUTE " +
      "STORAGEBROKERURL STORAGEBROKERURLROLE STORAGEBROKERREQUESTTIMEOUT KIBANA_URL KIBANA_INDEX " +
      "KIBANA_SERVICE_FIELD DEBUG_LOG_STATUS_JSON CONSUMER_PAYLOAD_FIELDS_REPO_IMPL RETENTION_DAYS";
    expect(names).toEqual(expect.arrayContaining(ofUpstream.split(" ")));
    const ignored = payloadsProgram.variables.filter(({ ignoredFor }) => ignoredFor !== undefined);
    for (const { name } of ignored) expect(() => settingsFor({ [name]: "x" }).text(name)).not.toThrow();
    expect(payloadsProgram.prepare(settingsFor({ DB_RETRIES: "-1" })).createView("live").topics).toEqual([
      "platform.payload-status",
    ]);
  });
});
