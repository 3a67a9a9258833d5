/** The connection to NATS, tried on a real server. */
import { describe, expect, onTestFinished, test } from "vitest";
import { type Logger, silentLogger } from "../../../../lib/base/logger.ts";
import { EngineConnection } from "../../../../lib/jetstream/nats/connection.ts";
import { hasNats } from "../../../support/nats.ts";
import { CONTEXT, connectTo, natsOfFile } from "../engine-fixture.ts";

const RIGHTS = `{ publish: ["_INBOX.>"], subscribe: ["_INBOX.>"] }`;
const SETTINGS = `authorization { users: [{ user: all, password: p }, { user: few, password: p, permissions: ${RIGHTS} }] }
no_auth_user: all`;

describe.skipIf(!hasNats)("a connection", () => {
  const nats = natsOfFile({ settings: SETTINGS });

  test("hands over all that NATS has sent before a subscription ends, and nothing behind that", async () => {
    const [here, other] = [
      (await connectTo(nats.current)).connection,
      (await connectTo(nats.current)).connection,
    ];
    const heard: string[] = [];
    const end = here.subscribeUntil("told", ({ data }) => heard.push(Buffer.from(data).toString()));
    await here.flush();
    for (let count = 0; count < 1000; count++) other.publish("told", String(count));
    await other.flush();
    await end();
    expect(heard.length).toBe(1000);
    other.publish("told", "late");
    await other.flush();
    await here.flush();
    expect(heard.length).toBe(1000);
  });

  test("says once of each subject that its user lacks a permission, and calls it no defect", async () => {
    const lines: unknown[] = [];
    const log: Logger["error"] = (fields, message) => void lines.push([fields, message]);
    const logger: Logger = { ...silentLogger, warn: log, error: log };
    const servers = nats.current.servers.map(({ url }) => url);
    const address = { servers, credentials: "few:p", clientName: "few" };
    const connection = await EngineConnection.connect(address, { ...CONTEXT, logger });
    onTestFinished(() => connection.close());
    for (let times = 0; times < 2; times++) {
      connection.subscribe("netlog.a", () => {});
      connection.publish("netlog.b", "");
      await connection.flush();
    }
    await expect(connection.request("netlog.b", "")).rejects.toMatchObject({ kind: "denied" });
    const lacks = "the user of NATS lacks the permission to";
    expect(lines).toEqual([
      [{ subject: "netlog.a" }, `${lacks} subscribe to a subject`],
      [{ subject: "netlog.b" }, `${lacks} publish to a subject`],
    ]);
  });
});
