import { connect as connectTcp } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { Pool } from "undici";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Certificate, CertificateError, checkCertificate } from "../../../server/http/certificate.ts";
import { LIMITS } from "../../../server/index.ts";
import { RawConnection } from "../../contract/raw.ts";
import { testCertificate } from "../../support/certificate.ts";
import { within } from "../../support/deadline.ts";
import { type ServerFixture, type ServerFixtureOptions, serverForTest } from "../server-fixture.ts";

interface TlsFixture extends ServerFixture {
  readonly certificate: Certificate;
  readonly pool: Pool;
}

async function tlsServerForTest(options: ServerFixtureOptions = {}): Promise<TlsFixture> {
  const certificate = await testCertificate();
  const fixture = await serverForTest({ ...options, server: { certificate, ...options.server } });
  const pool = new Pool(fixture.server.url, { connect: { ca: certificate.cert } });
  onTestFinished(async () => await pool.destroy());
  return { ...fixture, certificate, pool };
}

async function call(pool: Pool, method: "GET" | "POST", path: string, more = {}): Promise<[number, string]> {
  const { statusCode, body } = await within(path, pool.request({ method, path, ...more }));
  return [statusCode, await body.text()];
}

/** A connection whose handshake is done. */
async function secureConnection(port: number): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
  onTestFinished(() => void socket.destroy());
  await within("a handshake", new Promise((resolve) => socket.once("secureConnect", resolve)));
  return socket;
}

function fingerprintOf(socket: TLSSocket): string {
  return socket.getPeerCertificate().fingerprint256;
}

describe("a server with a certificate", () => {
  it("does under TLS what it does without", async () => {
    const { pool, server } = await tlsServerForTest();
    expect(server.url).toMatch(/^https:/);
    expect((await call(pool, "POST", "/t"))[0]).toBe(201);
    expect(await call(pool, "POST", "/t/payload", { body: "one\n" })).toEqual([201, ""]);
    expect((await call(pool, "POST", "/t/stream", { body: "two\nthree" }))[1]).toContain('"count":2');
    const [, scanner] = await call(pool, "POST", "/t/scanner?id=s&from=0");
    expect(JSON.parse(scanner)).toMatchObject({ id: "s" });
    expect(await call(pool, "GET", "/t/scan?id=s")).toEqual([200, "one\n"]);
    expect((await call(pool, "GET", "/t/stream?from=1&follow=0&format=lines"))[1]).toBe("two\nthree\n");
    expect((await call(pool, "GET", "/%zz"))[0]).toBe(400);
  });

  it("takes pages of its own origin for such, which is https", async () => {
    const { pool, server } = await tlsServerForTest();
    const status = async (origin: string) => (await call(pool, "GET", "/", { headers: { origin } }))[0];
    expect(await status(server.url)).toBe(200);
    expect(await status(`https://localhost:${server.port}`)).toBe(200);
    expect(await status(`http://127.0.0.1:${server.port}`)).toBe(403);
  });

  it("with an authority of clients, refuses those that have no certificate of it", async () => {
    const authority = await testCertificate();
    const { server, pool } = await tlsServerForTest({
      server: { certificate: { ...(await testCertificate()), clientCa: authority.cert } },
    });
    await expect(call(pool, "GET", "/")).rejects.toThrow();
    const connectAs = (own: Certificate): Pool => {
      const known = new Pool(server.url, { connect: { ...own, rejectUnauthorized: false } });
      onTestFinished(async () => await known.destroy());
      return known;
    };
    expect((await call(connectAs(authority), "GET", "/"))[0]).toBe(200);
    await expect(call(connectAs(await testCertificate()), "GET", "/")).rejects.toThrow();
    expect(() => checkCertificate({ ...authority, clientCa: "none" })).toThrow(
      "the authorities of clients are not in PEM form",
    );
  });

  it("drops what is no TLS, and goes on", async () => {
    const { server, pool, logger } = await tlsServerForTest();
    const plain = await RawConnection.open(server.url.replace("https:", "http:"));
    plain.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect(await plain.closed()).not.toContain("200");
    const gone = await RawConnection.open(server.url.replace("https:", "http:"));
    gone.leave("reset");
    expect((await call(pool, "GET", "/"))[0]).toBe(200);
    expect([...logger.messages("warn"), ...logger.messages("error")]).toEqual([]);
    expect(logger.messages("debug")).toContain("a TLS handshake failed");
  });

  it("answers what is no HTTP under TLS as it does without", async () => {
    const { server } = await tlsServerForTest();
    const socket = await secureConnection(server.port);
    let received = "";
    socket.setEncoding("utf8").on("data", (text: string) => (received += text));
    socket.write("garbage\r\n\r\n");
    await within("its end", new Promise((resolve) => socket.once("end", resolve)));
    expect(received).toMatch(/^HTTP\/1\.1 400 .*"error":"netlog: bad request"/s);
  });

  it("gives up a handshake that stops coming", async () => {
    const { server } = await tlsServerForTest({ limits: { ...LIMITS, headersMs: 50 } });
    const silent = await RawConnection.open(server.url.replace("https:", "http:"));
    await silent.closed();
  });

  it("cuts a reader that takes nothing", async () => {
    const { server, runtime, netlog, logger } = await tlsServerForTest();
    const topic = await netlog.createTopic("t");
    for (let i = 0; i < 8; i++) await topic.publish({ payload: Buffer.alloc(4 * 1024 * 1024, "x") });
    const reader = await RawConnection.open(server.url);
    reader.pause();
    reader.send("GET /t/stream?from=0&format=lines HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const messages = async (): Promise<string[]> => {
      await runtime.advance(LIMITS.heartbeatMs);
      return logger.messages();
    };
    await expect.poll(messages).toContain("cut a stream whose reader takes nothing");
    reader.leave();
  });

  it("stops without waiting for connections that bring no request, in a handshake or behind it", async () => {
    const { server, runtime } = await tlsServerForTest();
    const idle = await secureConnection(server.port);
    const half = connectTcp({ host: "127.0.0.1", port: server.port });
    onTestFinished(() => void half.destroy());
    half.on("error", () => {});
    await within("a connection", new Promise((resolve) => half.once("connect", resolve)));
    // Behind this one the server has taken up the others.
    await secureConnection(server.port);
    const closed = [idle, half].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    for (const socket of [idle, half]) socket.resume();
    const stopped = server.stop();
    await runtime.advance(LIMITS.stopMs / 2);
    await within("the stop", stopped);
    await within("the connections' end", Promise.all(closed));
  });
});

describe("another certificate", () => {
  it("is shown to connections from then on; those that are there go on", async () => {
    const { server, pool } = await tlsServerForTest();
    const before = await secureConnection(server.port);
    expect((await call(pool, "GET", "/"))[0]).toBe(200);
    const next = await testCertificate();
    server.replaceCertificate(next);
    const after = await secureConnection(server.port);
    expect(fingerprintOf(after)).not.toBe(fingerprintOf(before));
    expect((await call(pool, "GET", "/"))[0]).toBe(200);
    const informed = new Pool(server.url, { connect: { ca: next.cert } });
    onTestFinished(async () => await informed.destroy());
    expect((await call(informed, "GET", "/"))[0]).toBe(200);
  });

  it("that cannot be used is refused, and the old one stays", async () => {
    const { server, certificate } = await tlsServerForTest();
    const before = await secureConnection(server.port);
    const other = await testCertificate();
    for (const broken of [
      { cert: other.cert, key: certificate.key },
      { cert: "", key: other.key },
    ]) {
      expect(() => server.replaceCertificate(broken)).toThrow(/certificate/);
    }
    expect(fingerprintOf(await secureConnection(server.port))).toBe(fingerprintOf(before));
  });
});

describe("a certificate", () => {
  it("is refused with what is wrong, never by quoting it", async () => {
    const { cert, key } = await testCertificate();
    const other = await testCertificate();
    const half = key.slice(0, key.length / 2);
    const cases: readonly (readonly [Certificate, string])[] = [
      [{ cert: "", key }, "the certificate is not in PEM form"],
      [{ cert: key, key }, "the certificate is not in PEM form"],
      [{ cert: cert.slice(0, 200), key }, "the certificate is not in PEM form"],
      [{ cert, key: "" }, "the key is not an unencrypted private key in PEM form"],
      [{ cert, key: cert }, "the key is not an unencrypted private key in PEM form"],
      [{ cert, key: half }, "the key is not an unencrypted private key in PEM form"],
      [{ cert, key: other.key }, "the key is another certificate's"],
    ];
    for (const [broken, message] of cases) {
      expect(() => checkCertificate(broken)).toThrow(new CertificateError(message));
    }
  });

  it("is logged with the end of its time", async () => {
    const endsAt = new Date("2031-02-03T04:05:06Z");
    expect(checkCertificate(await testCertificate(endsAt))).toBe(endsAt.getTime());
  });
});
