/** Tokens and certificates of a server that runs: used by curl and others, and read again under load. */
import { execFile } from "node:child_process";
import { renameSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { Pool } from "undici";
import { expect, onTestFinished, test } from "vitest";
import type { Certificate } from "../../server/http/certificate.ts";
import { type BuiltServer, builtServerForTest, runProgram } from "../support/built-program.ts";
import { testCertificate } from "../support/certificate.ts";
import { within } from "../support/deadline.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const run = promisify(execFile);

interface Secured {
  readonly server: BuiltServer;
  readonly certificate: Certificate;
  readonly files: { readonly tokens: string; readonly cert: string; readonly key: string };
  /** A new token for the topic `t`. */
  token(name: string, rights: string): Promise<string>;
  curl(...args: readonly string[]): Promise<string>;
  /** Resolves when the server has read its files again, to what it says of each of them. */
  reload(): Promise<string[]>;
}

async function atLeast(label: string, count: () => number, goal: number): Promise<void> {
  await expect.poll(count, { message: label, interval: 20 }).toBeGreaterThanOrEqual(goal);
}

async function secured(...more: readonly string[]): Promise<Secured> {
  const folder = temporaryFolder();
  const certificate = await testCertificate();
  const files = { tokens: `${folder}/tokens.json`, cert: `${folder}/cert.pem`, key: `${folder}/key.pem` };
  writeFileSync(files.cert, certificate.cert);
  writeFileSync(files.key, certificate.key);
  const token = async (name: string, rights: string): Promise<string> => {
    const args = ["create", name, "--topics", "t", "--rights", rights, "--token-file", files.tokens];
    const { status, stdout, stderr } = await runProgram(["token", ...args]);
    expect(status, stderr).toBe(0);
    return stdout.trim();
  };
  await token("first", "read");
  const args = ["--token-file", files.tokens, "--tls-cert", files.cert, "--tls-key", files.key, ...more];
  const server = await builtServerForTest(`${folder}/data`, args);
  let seen = 2;
  const told = (): string[] =>
    server
      .logLines()
      .map(({ msg }) => String(msg))
      .filter((msg) =>
        /^(tokens read|certificate read|the certificate is out|.*what was read before stays)/.test(msg),
      );
  const reload = async (): Promise<string[]> => {
    server.signal("SIGHUP");
    seen += 2;
    await atLeast("both files to be read again", () => told().length, seen);
    return told().slice(-2);
  };
  await atLeast("the files to be read", () => told().length, seen);
  const curl = async (...more: readonly string[]): Promise<string> =>
    (await run("curl", ["-sS", "--cacert", files.cert, ...more])).stdout;
  return { server, certificate, files, token, curl, reload };
}

test("curl with and without a token, over TLS", async () => {
  const { server, token, curl, reload } = await secured("-debug");
  const url = `https://localhost:${server.port}`;
  const admin = await token("admin", "read,write,admin");
  expect(await reload()).toEqual(["tokens read", "certificate read"]);
  expect(await curl(`${url}/t`)).toMatch(
    /^{"ok":false,"status":401,"error":"netlog: unauthorized","reason":"a token is missing; .*"}\n$/,
  );
  expect(await curl("-XPOST", `${url}/t`, "-H", `Authorization: Bearer ${admin}`)).toContain("topic created");
  expect(await curl(`${url}/t/payload`, "-u", `:${admin}`, "--data-binary", "hello")).toBe("");
  expect(await curl(`${url}/t/payload/0`, "-u", `anybody:${admin}`)).toBe("hello");
  expect(await curl(`${url}/other`, "-u", `:${admin}`)).toContain('"netlog: forbidden"');
  expect(await curl(`${url}/-/health`)).toBe('{"ok":true}\n');
  expect(await curl(`${url}/t?access_token=${admin}`)).toContain('"netlog: unauthorized"');
  await expect(curl(`${url.replace("https", "http")}/-/health`)).rejects.toThrow();
  expect(JSON.stringify(server.logLines())).not.toContain(admin);
});

test("SIGHUP under load: new tokens and certificates count at once, broken files change nothing, no request fails", async () => {
  const { server, certificate, files, token, curl, reload } = await secured();
  const admin = await token("admin", "admin");
  const writer = await token("writer", "write");
  await reload();
  const url = `https://localhost:${server.port}`;
  await curl("-XPOST", `${url}/t`, "-u", `:${admin}`);

  const others = await testCertificate();
  const pool = new Pool(url, { connections: 4, connect: { ca: [certificate.cert, others.cert] } });
  onTestFinished(async () => await pool.destroy());
  let published = 0;
  let isOver = false;
  const publish = async (secret: string): Promise<number> => {
    const headers = { authorization: `Bearer ${secret}` };
    const { statusCode, body } = await pool.request({
      method: "POST",
      path: "/t/payload",
      headers,
      body: "x",
    });
    await body.dump();
    return statusCode;
  };
  const load = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      expect(await publish(writer)).toBe(201);
      published += 1;
    }
  });
  const someMore = () => atLeast("load", () => published, published + 20);

  const replace = (path: string, text: string): void => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  };
  await someMore();
  const late = await token("late", "write");
  expect(await publish(late)).toBe(401);
  expect(await reload()).toEqual(["tokens read", "certificate read"]);
  expect(await publish(late)).toBe(201);

  // Half of a pair, as it is while an operator copies.
  replace(files.cert, others.cert);
  const [, refused] = await reload();
  expect(refused).toMatch(/the key is another certificate's; what was read before stays$/);
  replace(files.key, others.key);
  expect(await reload()).toEqual(["tokens read", "certificate read"]);
  expect(await curl(`${url}/-/health`)).toBe('{"ok":true}\n');

  const { stdout, status } = await runProgram(["token", "revoke", "late", "--token-file", files.tokens]);
  expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
  expect(await publish(late)).toBe(201);
  await reload();
  expect(await publish(late)).toBe(401);

  replace(files.tokens, '{"tokens":[');
  replace(files.cert, "");
  for (const line of await reload()) expect(line).toMatch(/cannot be used: .*; what was read before stays$/);
  await someMore();
  expect(await publish(late)).toBe(401);
  isOver = true;
  await within("the end of the load", Promise.all(load));
  expect((await server.stop()).status).toBe(0);
  const text = JSON.stringify(server.logLines());
  for (const secret of [admin, writer, late]) expect(text).not.toContain(secret);
  expect(text).not.toContain("BEGIN");
});

test("SIGHUP changes nothing for a server that has nothing to read again", async () => {
  const server = await builtServerForTest(temporaryFolder());
  server.signal("SIGHUP");
  const told = () => server.logLines().filter(({ msg }) => String(msg).startsWith("SIGHUP: no token file"));
  await atLeast("a line in the log", () => told().length, 1);
  expect((await fetch(`${server.url}/-/health`)).status).toBe(200);
  expect((await server.stop()).status).toBe(0);
});
