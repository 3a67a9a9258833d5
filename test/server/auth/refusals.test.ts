/** What clients without a token, or without a right, learn from the answer, and the operator from the log. */
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../server/index.ts";
import { expectError } from "../../contract/expect-error.ts";
import { serverForTest } from "../server-fixture.ts";
import { basic, bearer, testToken } from "./tokens-fixture.ts";

const UNKNOWN = { token: "netlog_nobody-knows-this-one" };

describe("a refusal", () => {
  it("says how a token is sent, and then that it is not valid", async () => {
    const { api } = await serverForTest({ server: { tokens: [testToken(["*"], ["read"]).record] } });
    expect(expectError(await api.get("/t"), "unauthorized")).toContain("Authorization: Bearer <token>");
    for (const headers of [bearer(UNKNOWN), basic(UNKNOWN)]) {
      const reason = expectError(await api.get("/t", { headers }), "unauthorized");
      expect(reason).toContain("unknown, expired, revoked");
      expect(reason).not.toContain("netlog_");
    }
  });

  it("names the right that is missing, alike for a topic that is there and one that is not", async () => {
    const reader = testToken(["jobs"], ["read"]);
    const { api, netlog } = await serverForTest({ server: { tokens: [reader.record] } });
    for (const name of ["jobs", "orders"]) await netlog.createTopic(name);
    const headers = bearer(reader);
    const reasonFor = async (path: string): Promise<string> =>
      expectError(await api.post(path, "x", { headers }), "forbidden");
    const reason = await reasonFor("/orders/payload");
    expect(reason).toContain("no right to write on this topic; netlog token create");
    expect(await reasonFor("/missing/payload")).toBe(reason);
    const deadLetter = await api.post("/jobs/scanner?ack=explicit&dead_letter=orders", "", { headers });
    expect(expectError(deadLetter, "forbidden")).toContain("write on the topic that dead_letter names");
  });

  it("says that a topic takes the right admin to make, to a client that has it not", async () => {
    const [reader, admin] = [testToken(["*"], ["read"]), testToken(["*"], ["read", "admin"])];
    const { api } = await serverForTest({ server: { tokens: [reader.record, admin.record] } });
    const missing = await api.get("/t", { headers: bearer(reader) });
    expect(expectError(missing, "topic not found")).toContain(
      "POST /t, which takes a token with the right admin",
    );
    const own = await api.get("/t", { headers: bearer(admin) });
    expect(expectError(own, "topic not found")).not.toContain("admin");
  });

  it("gives away no token that stands in a path or a header", async () => {
    const { api } = await serverForTest();
    const { token } = testToken(["*"], ["read"]);
    const replies = [
      await api.get(`/${token}`),
      await api.get(`/${token}/`),
      await api.get(`/t/${token}`),
      await api.get(`/${token}/ack`),
      await api.get("/", { headers: { origin: `http://${token}` } }),
      await api.get("/", { headers: { host: token } }),
    ];
    for (const { status, text } of replies)
      expect({ status, text }).not.toMatchObject({ text: expect.stringContaining(token) });
  });
});

describe("the log of refusals", () => {
  it("has one line of those that are forbidden, and no more for a while", async () => {
    const reader = testToken(["jobs"], ["read"]);
    const { api, logger, runtime } = await serverForTest({ server: { tokens: [reader.record] } });
    const foreign = { ...bearer(reader), origin: "https://page.example" };
    for (let i = 0; i < 3; i++) expectError(await api.get("/jobs?a=b", { headers: foreign }), "forbidden");
    const lines = () => logger.lines.filter(({ level }) => level === "warn");
    expect(lines()).toEqual([
      {
        level: "warn",
        message: "refused a request: forbidden",
        fields: expect.objectContaining({
          method: "GET",
          path: "/jobs",
          client: "127.0.0.1",
          reason: expect.stringContaining("--cors-origin"),
        }),
      },
    ]);
    await runtime.advance(LIMITS.failureLogMs);
    expectError(await api.post("/jobs/payload", "x", { headers: bearer(reader) }), "forbidden");
    expect(lines()).toHaveLength(2);
    expect(lines()[1]?.fields).toMatchObject({ path: "/jobs/payload", token: reader.record.name });
    expect(JSON.stringify(lines())).not.toContain(reader.token);
  });
});
