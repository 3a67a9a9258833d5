/** Single messages that carry more than bytes, or are published once, beside plain ones. */
import type { Bench } from "../bench.ts";
import type { RequestHeaders } from "../load/http-connection.ts";
import { BARE, type Row, type Workload } from "../workload.ts";
import { netlogPublisher, publisher } from "./publishing.ts";

const SIZES = { messageBytes: 256, connections: 32 };
const FIELDS: RequestHeaders = {
  fixed: ["X-Key: customer-4711", "X-Meta-Source: checkout", "X-Meta-Attempt: 1"],
};
const ONCE: RequestHeaders = { counted: "Idempotency-Key" };

const PLAIN = "netlog, plain";
const WITH_FIELDS = "netlog, key and two headers";
const WITH_ONCE = "netlog, idempotency key";
const BARE_FIELDS = `${BARE}, key and two headers`;
const BARE_ONCE = `${BARE}, idempotency key`;

export const PUBLISH_FIELDS: Workload = {
  name: "publish-fields",
  title: `publish, ${SIZES.messageBytes} B, one a request, ${SIZES.connections} connections, written`,
  targets: [
    {
      row: WITH_FIELDS,
      figure: "cpuMicros",
      bound: "at most",
      of: [{ factor: 1.25, row: PLAIN, figure: "cpuMicros" }],
    },
    {
      row: WITH_ONCE,
      figure: "cpuMicros",
      bound: "at most",
      of: [{ factor: 1.4, row: PLAIN, figure: "cpuMicros" }],
    },
  ],
  run: runPublishFields,
};

async function runPublishFields(bench: Bench): Promise<Row[]> {
  const bare = await bench.startBare();
  const netlog = await bench.startNetlog();
  const withFields = { ...SIZES, headers: FIELDS };
  const once = { ...SIZES, headers: ONCE };
  return await bench.rounds([
    publisher(bench, BARE, bare, "/", SIZES),
    await netlogPublisher(bench, PLAIN, netlog, "written", SIZES),
    publisher(bench, BARE_FIELDS, bare, "/", withFields),
    await netlogPublisher(bench, WITH_FIELDS, netlog, "written", withFields),
    publisher(bench, BARE_ONCE, bare, "/", once),
    await netlogPublisher(bench, WITH_ONCE, netlog, "written", once),
  ]);
}
