/** A topic of another server: its requests go there. test/contract/forwarding.test.ts has all routes. */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type Neighbours, NetlogError } from "../../../lib/index.ts";
import { LIMITS } from "../../../server/index.ts";
import { RawConnection, rawCall } from "../../contract/raw.ts";
import { within } from "../../support/deadline.ts";
import { NO_NEIGHBOURS } from "../../support/no-neighbours.ts";
import { type ServerFixture, serverForTest } from "../server-fixture.ts";

/** All topics are where `ownerOf` says. */
function neighboursOf(ownerOf: Neighbours["ownerOf"], names: readonly string[] = []): Neighbours {
  return { ...NO_NEIGHBOURS, names, has: (name) => names.includes(name), ownerOf };
}

/** A front, all of whose topics another server has. */
async function frontOf(owner: ServerFixture): Promise<ServerFixture> {
  return await serverForTest({ neighbours: neighboursOf(() => owner.server.url) });
}

interface Signal<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
}

function newSignal<Value>(): Signal<Value> {
  let resolve: Signal<Value>["resolve"] = () => {};
  const promise = new Promise<Value>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Accepts connections, and does with them what the test says. */
async function otherSide(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("not a TCP address");
  return `http://127.0.0.1:${address.port}`;
}

test("answers what its owner answers, as the client called it", async () => {
  const owner = await serverForTest();
  const front = await frontOf(owner);
  const made = await front.api.call("PUT", "/-/streams/a", { body: "x" });
  expect(made.status).toBe(201);
  expect(made.headers.location).toBe(`${front.server.url}/-/streams/a`);
  expect(owner.netlog.topicNames()).toHaveLength(1);
  expect(front.netlog.topicNames()).toEqual([]);
});

test("serves its own topics itself", async () => {
  const front = await serverForTest({ neighbours: neighboursOf(() => "http://127.0.0.1:1") });
  await front.netlog.createTopic("own");
  expect(await front.api.publish("own", "a")).toBe(0);
});

test("sends no request on a second time", async () => {
  const one: { url: string } = { url: "" };
  const front = await serverForTest({ neighbours: neighboursOf(() => one.url) });
  const other = await serverForTest({ neighbours: neighboursOf(() => front.server.url) });
  one.url = other.server.url;
  const reply = await front.api.get("/topic");
  expect([reply.status, reply.headers["x-netlog-error"]]).toEqual([503, "topic_unavailable"]);
  expect(reply.headers["retry-after"]).toBe("1");
});

test("waits for an owner that is being looked up, and answers itself where there is none", async () => {
  const owner = await serverForTest();
  await owner.netlog.createTopic("there");
  const ownerOf: Neighbours["ownerOf"] = async (name) => {
    await Promise.resolve();
    return name === "there" ? owner.server.url : undefined;
  };
  const front = await serverForTest({ neighbours: neighboursOf(ownerOf) });
  expect(await front.api.publish("there", "a")).toBe(0);
  expect((await front.api.post("/nowhere/payload", "a")).headers["x-netlog-error"]).toBe("topic_not_found");
  expect((await front.api.post("/new")).status).toBe(201);
  expect(front.netlog.topicNames()).toEqual(["new"]);
});

const noServerHasIt = (): never => {
  throw new NetlogError("topic_unavailable", { reason: "no server has it now" });
};

test.each<[string, Neighbours["ownerOf"]]>([
  ["", noServerHasIt],
  [", as it is found out", async () => noServerHasIt()],
])("refuses a topic that no server owns now, for a second%s", async (_when, ownerOf) => {
  const front = await serverForTest({ neighbours: neighboursOf(ownerOf, ["topic"]) });
  const reply = await front.api.post("/topic/payload", "a");
  expect([reply.status, reply.json]).toMatchObject([503, { reason: "no server has it now" }]);
  expect(reply.headers["retry-after"]).toBe("1");
  expect(() => front.netlog.topic("topic")).toThrow("on its way to another server");
  // Each request for it fails meanwhile, and an operator has nothing to mend.
  expect(front.logger.messages("error")).toEqual([]);
});

test("logs now and then why it is not known which server has a topic", async () => {
  const notKnown = (): never => {
    throw new NetlogError("topic_unavailable", { reason: "nobody says", cause: new TypeError("odd") });
  };
  const { api, logger, runtime } = await serverForTest({ neighbours: neighboursOf(notKnown, ["topic"]) });
  const publish = async () => expect((await api.post("/topic/payload", "a")).status).toBe(503);
  await publish();
  await publish();
  const failures = () => logger.messages("error").filter((message) => message === "request failed").length;
  expect(failures()).toBe(1);
  await runtime.advance(LIMITS.failureLogMs);
  await publish();
  expect(failures()).toBe(2);
});

test("says that nothing was done where the owner takes no connection", async () => {
  const front = await serverForTest({ neighbours: neighboursOf(() => "http://127.0.0.1:1") });
  const reply = await front.api.post("/topic/payload", "a");
  expect([reply.status, reply.headers["x-netlog-error"]]).toEqual([503, "topic_unavailable"]);
  expect(reply.headers["retry-after"]).toBe("1");
});

test.each([
  ["GET", "/topic/payload/0", "topic_unavailable"],
  ["POST", "/topic/payload", "sync_failed"],
] as const)("says what may have become of a %s whose owner dies", async (method, path, code) => {
  const url = await otherSide((socket) => socket.once("data", () => socket.resetAndDestroy()));
  const front = await serverForTest({ neighbours: neighboursOf(() => url) });
  const reply = await front.api.call(method, path, method === "POST" ? { body: "a" } : {});
  expect([reply.status, reply.headers["x-netlog-error"]]).toEqual([503, code]);
});

test.each([
  ["GET", "/topic/payload/0", "topic_unavailable"],
  ["POST", "/topic/payload", "sync_failed"],
] as const)("says what may have become of a %s whose small answer breaks off", async (method, path, code) => {
  const url = await otherSide((socket) =>
    socket.once("data", () => {
      socket.write("HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\nabc", () => socket.destroy());
    }),
  );
  const front = await serverForTest({ neighbours: neighboursOf(() => url) });
  const reply = await front.api.call(method, path, method === "POST" ? { body: "a" } : {});
  expect([reply.status, reply.headers["x-netlog-error"]]).toEqual([503, code]);
});

test("cuts an answer that breaks off", async () => {
  const url = await otherSide((socket) =>
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", () =>
        socket.destroy(),
      );
    }),
  );
  const front = await serverForTest({ neighbours: neighboursOf(() => url) });
  const client = await RawConnection.open(front.server.url);
  client.send("GET /topic/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const all = await client.closed();
  expect(all).toContain("\r\nabc\r\n");
  expect(all).not.toContain("\r\n0\r\n");
});

test("ends the request at the owner when its client leaves", async () => {
  const left = newSignal<void>();
  const come = newSignal<void>();
  const url = await otherSide((socket) => {
    socket.once("data", () => come.resolve());
    socket.once("close", () => left.resolve());
  });
  const front = await serverForTest({ neighbours: neighboursOf(() => url) });
  const client = await RawConnection.open(front.server.url);
  client.send("GET /topic/scan?id=a&wait=1h HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await within("the request at the owner", come.promise);
  client.leave("reset");
  await within("the end of the request at the owner", left.promise);
});

test("drops what host and page say, and tells who asks", async () => {
  const head = newSignal<string>();
  const url = await otherSide((socket) =>
    socket.once("data", (bytes) => {
      head.resolve(bytes.toString());
      socket.end("HTTP/1.1 204 No Content\r\n\r\n");
    }),
  );
  const front = await serverForTest({ neighbours: neighboursOf(() => url) });
  const { host } = new URL(front.server.url);
  const lines = [
    "GET /topic?x=%41 HTTP/1.1",
    `Host: ${host}`,
    `Origin: http://${host}`,
    "Sec-Fetch-Site: same-origin",
    "Connection: close",
    "Authorization: Bearer t",
    "X-Odd: 1",
  ];
  const reply = await rawCall(front.server.url, `${lines.join("\r\n")}\r\n\r\n`);
  expect(reply.status).toBe(204);
  const sent = (await head.promise).trimEnd().split("\r\n");
  expect(sent).toEqual([
    "GET /topic?x=%41 HTTP/1.1",
    `Host: ${new URL(url).host}`,
    "x-netlog-forwarded: 1",
    "Authorization: Bearer t",
    "X-Odd: 1",
    "X-Forwarded-For: 127.0.0.1",
    "X-Forwarded-Proto: http",
    "Connection: keep-alive",
  ]);
});

test("asks for a body when the owner does, and not before", async () => {
  const head = newSignal<Socket>();
  const url = await otherSide((socket) => socket.once("data", () => head.resolve(socket)));
  const front = await serverForTest({ neighbours: neighboursOf(() => url) });
  const client = await RawConnection.open(front.server.url);
  client.send(
    "POST /topic/payload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n",
  );
  const socket = await within("the request at the owner", head.promise);
  expect(client.received).toBe("");
  socket.write("HTTP/1.1 100 Continue\r\n\r\n");
  expect((await client.reply()).status).toBe(100);
  const body = once(socket, "data");
  client.send("abcd");
  expect(String((await within("the body at the owner", body))[0])).toBe("abcd");
  socket.end("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok");
  expect(await client.reply()).toMatchObject({ status: 201, text: "ok" });
  client.leave();
});

test("counts what is sent on as a request that waits", async () => {
  const url = await otherSide(() => {});
  const front = await serverForTest({
    neighbours: neighboursOf(() => url),
    limits: { waitingRequests: 1 },
  });
  const first = await RawConnection.open(front.server.url);
  first.send("GET /topic HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await expect.poll(async () => (await front.api.get("/topic")).status).toBe(429);
  first.leave();
});

test.each([
  ["GET", "/topic/scan?id=a&wait=1h", "topic_unavailable"],
  ["POST", "/topic/batch", "sync_failed"],
] as const)("gives up a %s when the owner cannot be reached any more", async (method, path, code) => {
  const come = newSignal<void>();
  // As where each packet is dropped: nothing ends, and nothing comes.
  const url = await otherSide((socket) => socket.once("data", () => come.resolve()));
  const front = await serverForTest({ neighbours: neighboursOf(() => url) });
  const reply = front.api.call(method, path, method === "POST" ? { body: "a" } : {});
  await within("the request at the owner", come.promise);
  await front.runtime.advance(LIMITS.forwardProbeMs);
  await front.runtime.advance(LIMITS.forwardAskMs);
  const { status, headers, text } = await within("its end", reply);
  expect([status, headers["x-netlog-error"]]).toEqual([503, code]);
  // It may live, and keep the topic.
  if (code === "topic_unavailable")
    expect(text).toContain(`the server ${url}, which has the topic, does not`);
});

test("cuts a stream whose owner cannot be reached any more", async () => {
  const url = await otherSide((socket) =>
    socket.once("data", (bytes) => {
      if (bytes.includes("/topic/stream"))
        socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    }),
  );
  const front = await serverForTest({ neighbours: neighboursOf(() => url) });
  const client = await RawConnection.open(front.server.url);
  client.send("GET /topic/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await expect.poll(() => client.received).toContain("200 OK");
  await front.runtime.advance(LIMITS.forwardProbeMs);
  await front.runtime.advance(LIMITS.forwardAskMs);
  expect(await within("the end of the stream", client.closed())).not.toContain("\r\n0\r\n");
});

test("waits on while the owner can be reached, whatever it says, and asks no more behind the answer", async () => {
  const waiting = newSignal<Socket>();
  let probeCount = 0;
  let takenCount = 0;
  const url = await otherSide((socket) =>
    socket.once("data", (bytes) => {
      if (bytes.includes("GET /topic")) {
        waiting.resolve(socket);
        return;
      }
      probeCount += 1;
      socket.once("close", () => (takenCount += 1));
      socket.end("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n");
    }),
  );
  const front = await serverForTest({ neighbours: neighboursOf(() => url) });
  const reply = front.api.get("/topic/scan?id=a&wait=1h");
  const socket = await within("the request at the owner", waiting.promise);
  for (const round of [1, 2, 3]) {
    await front.runtime.advance(LIMITS.forwardProbeMs);
    // The answer was taken: the time that it has is over.
    await expect.poll(() => takenCount).toBe(round);
  }
  socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  expect(await within("the answer", reply)).toMatchObject({ status: 200, text: "ok" });
  await front.runtime.advance(10 * LIMITS.forwardProbeMs);
  expect(probeCount).toBe(3);
});
