/** What a failure becomes in gRPC. */
import { status as Status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { NetlogError } from "../../../lib/index.ts";
import { Log } from "../../../server/grpc/generated/netlog/v1/log_pb.ts";
import { statusOf } from "../../../server/grpc/status.ts";
import { expectFailure, grpcForTest } from "./grpc-fixture.ts";

test("what may be tried again says when, and what may be stored is not to be tried again", () => {
  const pushback = (code: "sync_failed" | "shutting_down" | "topic_exists") =>
    statusOf(new NetlogError(code)).metadata.get("grpc-retry-pushback-ms");
  expect([pushback("sync_failed"), pushback("shutting_down"), pushback("topic_exists")]).toEqual([
    ["-1"],
    ["10000"],
    [],
  ]);
});

test("half a character in a reason keeps no refusal from its client", async () => {
  const half = statusOf(new NetlogError("bad_request", { reason: `a${"\u{1f600}"[0]}b` }));
  expect(half).toMatchObject({ code: Status.INVALID_ARGUMENT, details: "bad request: a\ufffdb" });
  const { grpc } = await grpcForTest();
  const deadline = Date.now() + 60_000;
  for (let length = 36; length <= 42; length++) {
    const settings = { expiresAt: `${"x".repeat(length)}\u{1f600}\u{1f600}` };
    const call = grpc.call(Log.method.createTopic, { topic: "t", settings }, { deadline });
    await expectFailure(call, "INVALID_ARGUMENT", "bad_request");
  }
});
