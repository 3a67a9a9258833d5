/** Two servers on one NATS, as they are run in earnest: TLS between them, tokens and rates. Each topic is used by way of both. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { type ClientReadableStream, credentials, type ServiceError, status as Status } from "@grpc/grpc-js";
import { Agent, request } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { Log, type TailResponse } from "../../server/grpc/generated/netlog/v1/log_pb.ts";
import { formatTokenFile } from "../../server/index.ts";
import { Api } from "../contract/api.ts";
import { bearer, testToken } from "../server/auth/tokens-fixture.ts";
import { clientForTest, type GrpcClient, texts } from "../server/grpc/grpc-fixture.ts";
import { type BuiltServer, startServing } from "../support/built-program.ts";
import { testCertificate } from "../support/certificate.ts";
import { within } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import { hasNats, Nats } from "../support/nats.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** More than the test asks in a minute, and few enough to be used up at once. */
const RATE = 60;

interface Machine {
  readonly server: BuiltServer;
  readonly api: Api;
  readonly grpc: GrpcClient;
}

describe.skipIf(!hasNats)("two servers with TLS and tokens", () => {
  const headers: Record<string, { readonly authorization: string }> = {};
  let ca: Buffer;

  /** The files that both have. */
  async function writeFiles(): Promise<(name: string) => string> {
    const folder = temporaryFolder();
    const at = (name: string): string => join(folder, name);
    const { cert, key } = await testCertificate();
    ca = Buffer.from(cert);
    writeFileSync(at("cert.pem"), cert);
    writeFileSync(at("key.pem"), key);
    const tokens = {
      all: testToken(["*"], ["read", "write", "admin"]),
      reader: testToken(["orders"], ["read"]),
      busy: testToken(["*"], ["read"]),
    };
    for (const [name, token] of Object.entries(tokens)) headers[name] = bearer(token);
    const records = Object.values(tokens).map(({ record }) => record);
    writeFileSync(at("tokens.json"), formatTokenFile(records), { mode: 0o600 });
    return at;
  }

  async function start(nats: Nats, at: (name: string) => string): Promise<Machine> {
    const [port, grpcPort] = [await freePort(), await freePort()];
    const access = ["--token-file", at("tokens.json"), "--rate-limit", `${RATE}/m`];
    const tls = ["--tls-cert", at("cert.pem"), "--tls-key", at("key.pem")];
    const engine = ["--engine", nats.url, "--engine-copies", "1", "--engine-unsafe"];
    const ports = ["--listen", `127.0.0.1:${port}`, "--grpc-listen", `127.0.0.1:${grpcPort}`];
    const environment = { NODE_EXTRA_CA_CERTS: at("cert.pem") };
    const server = await startServing(
      ["serve", ...ports, ...access, ...tls, ...engine, "--stop-timeout", "5m"],
      { environment },
    );
    const api = new Api(server.url);
    onTestFinished(async () => {
      await api.disconnect();
      await server.kill();
    });
    return { server, api, grpc: clientForTest(grpcPort, credentials.createSsl(ca)) };
  }

  test("answer alike by way of each other, and one goes on when the other stops", async () => {
    const nats = await Nats.start();
    onTestFinished(() => nats.remove());
    const at = await writeFiles();
    const [owner, front] = [await start(nats, at), await start(nats, at)];
    const all = { headers: headers.all! };
    const token = headers.all!.authorization.slice("Bearer ".length);
    expect((await owner.api.post("/orders", undefined, all)).status).toBe(201);

    expect((await front.api.post("/orders/payload", "a", all)).headers["x-offset"]).toBe("0");
    expect((await front.api.post("/orders/scanner?from=0&id=s", undefined, all)).status).toBe(201);
    const read = { headers: headers.reader! };
    expect((await front.api.get("/orders/scan?id=s", read)).text).toBe("a");
    const waiting = front.api.get("/orders/scan?id=s&wait=30s", read);
    const line = firstBytes(`${front.server.url}/orders/stream?from=1&format=lines`, headers.reader!);
    const tail = firstOf(front.grpc.stream(Log.method.tail, { topic: "orders", start: FROM_1 }, { token }));
    expect((await owner.api.post("/orders/payload", "b", all)).status).toBe(201);
    expect([(await waiting).text, await line, await tail]).toEqual(["b", "b\n", ["b"]]);
    expect(await front.grpc.publish("orders", "c").catch(codeOf)).toBe(Status.UNAUTHENTICATED);
    const message = { payload: Buffer.from("c") };
    const sent = await front.grpc.call(Log.method.publish, { topic: "orders", message }, { token });
    expect(sent.offset).toBe(2n);

    // What is refused is refused in the same words.
    const wrong = { headers: { authorization: "Bearer wrong" } };
    for (const [method, path, options, status] of [
      ["GET", "/orders", {}, 401],
      ["GET", "/orders/scan?id=s", wrong, 401],
      ["POST", "/orders/payload", read, 403],
      ["DELETE", "/orders", read, 403],
      ["GET", "/others", read, 403],
      ["GET", "/orders/payload/9", read, 404],
      ["GET", "/orders/payload/x", read, 400],
    ] as const) {
      const [direct, sentOn] = [
        await owner.api.call(method, path, options),
        await front.api.call(method, path, options),
      ];
      expect([sentOn.status, sentOn.text]).toEqual([direct.status, direct.text]);
      expect(sentOn.headers["x-netlog-error"]).toBe(direct.headers["x-netlog-error"]);
      expect(direct.status).toBe(status);
    }

    // The front counts what a token asks, and so does the owner, which is asked itself afterwards.
    const busy = { headers: headers.busy! };
    const ask = (api: Api, count: number) =>
      Promise.all(Array.from({ length: count }, () => api.get("/orders/payload/0", busy)));
    const answers = await ask(front.api, 2 * RATE);
    const taken = answers.filter(({ status }) => status === 200).length;
    expect(taken).toBeGreaterThanOrEqual(RATE);
    expect(answers.filter(({ status }) => status === 429).length).toBe(2 * RATE - taken);
    // By then the owner may have room for some again, and for half of them only where it has not counted those.
    for (const some of [answers, await ask(owner.api, RATE / 2)]) {
      const refused = some.find(({ status }) => status === 429);
      expect(Number(refused?.headers["retry-after"])).toBeGreaterThan(0);
    }

    // It has a client that keeps it from stopping, and its topics are not to wait for that.
    await halfPublished(`${owner.server.url}/orders/payload`, headers.all!);
    owner.server.signal("SIGTERM");
    const read4 = async (): Promise<readonly string[]> => {
      await front.api.post("/orders/payload", "d", all);
      const sent = front.grpc.call(Log.method.read, { topic: "orders" }, { token });
      return texts((await sent.catch(() => ({ messages: [] }))).messages).slice(0, 4);
    };
    await expect.poll(read4, { interval: 500 }).toEqual(["a", "b", "c", "d"]);
  });
});

/** Sends half of a body, and no more. */
async function halfPublished(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const sent = { ...headers, expect: "100-continue", "content-length": "10" };
  const slow = httpsRequest(url, { method: "POST", headers: sent, rejectUnauthorized: false });
  slow.on("error", () => {});
  onTestFinished(() => void slow.destroy());
  slow.flushHeaders();
  await within("100 Continue", once(slow, "continue"));
  slow.write("half ");
}

const FROM_1 = { case: "offset", value: 1n } as const;

/** What a stream without an end brings first. */
async function firstBytes(url: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  const { body } = await request(url, { headers, dispatcher });
  const piece = await within("the first bytes of a stream", body[Symbol.asyncIterator]().next());
  await dispatcher.destroy();
  return String(piece.value);
}

async function firstOf(stream: ClientReadableStream<TailResponse>): Promise<string[]> {
  const first = await within("an answer of Tail", stream[Symbol.asyncIterator]().next());
  stream.on("error", () => {});
  stream.cancel();
  return texts((first.value as TailResponse).messages);
}

function codeOf(error: ServiceError): Status {
  return error.code;
}
