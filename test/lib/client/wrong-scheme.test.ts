import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Server } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { NetlogClient, type NetlogClientError } from "../../../lib/client/index.ts";
import { testCertificate } from "../../support/certificate.ts";
import { within } from "../../support/deadline.ts";
import { brokenOff, json, Script } from "./scripted-fetch.ts";

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
}

/** The failure of a publish, which the client must not repeat when it may have been stored. */
async function failureAt(url: string): Promise<NetlogClientError> {
  const publishing = new NetlogClient(url).topic("t").publish("x");
  return await within(
    "the refusal",
    publishing.then(
      () => expect.fail("it was stored"),
      (error) => error,
    ),
  );
}

describe("a client with the wrong scheme", () => {
  it("says so at once where https meets a server without TLS", async () => {
    const port = await portOf(createServer((_request, response) => response.end()));
    expect(await failureAt(`https://127.0.0.1:${port}`)).toMatchObject({
      code: "unexpected_answer",
      isUndone: true,
      message: `POST https://127.0.0.1:${port}/t/payload: what answers there does not speak TLS: give a URL that begins with http://`,
    });
  });

  it("says what may be wrong where http meets a server with TLS", async () => {
    const port = await portOf(createTlsServer(await testCertificate()));
    const { code, message } = await failureAt(`http://127.0.0.1:${port}`);
    expect(code).toBe("connection_lost");
    expect(message).toMatch(/; where the server speaks TLS, its URL begins with https:\/\/$/);
  });

  it("does not say it of a server that has answered", async () => {
    const script = new Script(json([]), brokenOff());
    const client = script.client({ retry: false });
    await client.topics();
    await expect(client.topics()).rejects.toMatchObject({
      message: "GET http://netlog.test/: the connection failed (other side closed)",
    });
  });
});

describe("a certificate that is not trusted", () => {
  it("ends the call, and says where Node learns of further authorities", async () => {
    const port = await portOf(createTlsServer(await testCertificate()));
    const { code, isUndone, message } = await failureAt(`https://127.0.0.1:${port}`);
    expect({ code, isUndone }).toEqual({ code: "unexpected_answer", isUndone: true });
    expect(message).toMatch(/the certificate of the server is not trusted \(.+\); .* NODE_EXTRA_CA_CERTS$/);
  });
});

describe("no connection", () => {
  it("names each address that was tried", async () => {
    const refused = (address: string): Error =>
      Object.assign(new Error(`connect ECONNREFUSED ${address}`), {
        code: "ECONNREFUSED",
        syscall: "connect",
      });
    const cause = Object.assign(new AggregateError([refused("::1:7200"), refused("127.0.0.1:7200")]), {
      code: "ECONNREFUSED",
    });
    const script = new Script(new TypeError("fetch failed", { cause }));
    await expect(script.client({ retry: false }).topics()).rejects.toMatchObject({
      code: "unreachable",
      message:
        "GET http://netlog.test/: no connection (connect ECONNREFUSED ::1:7200, connect ECONNREFUSED 127.0.0.1:7200)",
    });
  });
});
