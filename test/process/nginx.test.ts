/** What clients meet behind nginx with the configuration that the project shows. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, type TestContext, test } from "vitest";
import { durationMs, parseDuration } from "../../lib/values.ts";
import { LIMITS } from "../../server/index.ts";
import { type BuiltServer, runProgram, startServing } from "../support/built-program.ts";
import { testCertificate } from "../support/certificate.ts";
import { consoleBrowser } from "../support/console-page.ts";
import { isNginxInstalled, NGINX_CONFIG, startNginx, underPath } from "../support/nginx.ts";
import { bashCommands, projectText } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const URL_OUTSIDE = "https://queue.example";

const browser = consoleBrowser("the console under a path of nginx");

/** A server that is started as the configuration says, and nginx in front of it. */
class BehindNginx {
  readonly server: BuiltServer;
  readonly folder: string;
  /** Where nginx listens, on this machine. */
  readonly port: number;
  readonly token: string;

  private constructor(server: BuiltServer, folder: string, port: number, token: string) {
    this.server = server;
    this.folder = folder;
    this.port = port;
    this.token = token;
  }

  /** Skips the test where there is no nginx. */
  static async start(context: TestContext, config?: string): Promise<BehindNginx> {
    context.skip(!isNginxInstalled(), "nginx is not installed");
    const folder = temporaryFolder();
    const tokens = ["--token-file", join(folder, "tokens.json"), "--name", "all", "--topics", "*"];
    const made = await runProgram(["token", "create", ...tokens, "--rights", "read,write,admin"]);
    const [, flags = ""] = /^# +netlog serve (.*)$/m.exec(projectText(NGINX_CONFIG)) ?? [];
    const named = flags.replace("tokens.json", join(folder, "tokens.json")).split(" ");
    const server = await startServing(
      ["serve", "-listen", "127.0.0.1:0", "-dir", join(folder, "data"), "-loglevel", "debug", ...named],
      {},
    );
    context.onTestFinished(async () => {
      await server.kill();
    });
    const { cert, key } = await testCertificate();
    writeFileSync(join(folder, "cert.pem"), cert);
    writeFileSync(join(folder, "key.pem"), key);
    const port = await startNginx(folder, server.port, config);
    const token = made.stdout.trim();
    const settings = [
      "insecure",
      `connect-to = "queue.example:443:127.0.0.1:${port}"`,
      `header = "Authorization: Bearer ${token}"`,
    ];
    writeFileSync(join(folder, ".curlrc"), settings.join("\n"));
    return new BehindNginx(server, folder, port, token);
  }

  /** Its curl reaches https://queue.example, with the token. */
  async shell(): Promise<Shell> {
    const shell = new Shell();
    await shell.run(`cd ${this.folder}; export CURL_HOME=$PWD`);
    return shell;
  }

  /** Not through nginx. */
  async call(path: string, method = "GET", body?: string): Promise<string> {
    const headers = { authorization: `Bearer ${this.token}` };
    const reply = await fetch(`${this.server.url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    return await reply.text();
  }
}

test("nginx hands the README's worker its jobs by HTTP/2, with header names in lower case", async (context) => {
  const behind = await BehindNginx.start(context);
  const shell = await behind.shell();
  const commands = bashCommands(projectText("README.md"), "Workers that share a queue", 7200);
  const [topic = "", scanner = "", work = "", worker = ""] = commands.map((command) =>
    command.replaceAll("localhost:7200", URL_OUTSIDE),
  );
  for (const command of [topic, scanner, work]) await shell.run(command);
  expect(await shell.run(`curl -sI ${URL_OUTSIDE}/jobs`)).toMatch(/^HTTP\/2 200 .*^content-type: /ms);
  shell.type(worker);
  for (const size of [1, 2, 3]) {
    await behind.call("/jobs/payload", "POST", "x".repeat(size));
    await shell.read(
      new RegExp(`^${size}\n{"ok":true,"settled":1,"refused":\\[\\]}\n`),
      "a job that is done",
    );
  }
});

test("nginx hands on what a pipe brings, and what a stream gives, while they go on", async (context) => {
  const behind = await BehindNginx.start(context);
  await behind.call("/logs", "POST");
  const [writer, reader] = [await behind.shell(), await behind.shell()];
  reader.type(`curl -sSN "${URL_OUTSIDE}/logs/stream?format=lines"`);
  await writer.run("mkfifo pipe");
  writer.type(`curl -sS ${URL_OUTSIDE}/logs/stream -T - < pipe & exec 3> pipe`);
  for (const line of ["one", "two"]) {
    writer.type(`echo ${line} >&3`);
    await reader.read(new RegExp(`^${line}\n`), `"${line}" to come out`);
  }
});

test("nginx takes what netlog takes, and refuses nothing itself", async (context) => {
  const behind = await BehindNginx.start(context);
  await behind.call("/large", "POST");
  const shell = await behind.shell();
  const publish = (bytes: number): Promise<string> =>
    shell.run(`head -c ${bytes} /dev/zero | curl -sS ${URL_OUTSIDE}/large/payload --data-binary @-`);
  expect(await publish(LIMITS.payloadBytes)).toBe("");
  expect(await publish(LIMITS.payloadBytes + 1)).toContain('"netlog: payload too large"');
});

test("nginx tells whose request it is, and under which name it was called", async (context) => {
  const behind = await BehindNginx.start(context);
  const shell = await behind.shell();
  await shell.run(`curl -sSf --interface 127.0.0.9 ${URL_OUTSIDE}/`);
  const line = { msg: "request", url: "/", status: 200, client: "127.0.0.9" };
  await expect.poll(() => behind.server.logLines()).toContainEqual(expect.objectContaining(line));
  await shell.run(`curl -sSf -XPOST ${URL_OUTSIDE}/pages -H "Origin: ${URL_OUTSIDE}"`);
  const foreign = `curl -sS -XPOST ${URL_OUTSIDE}/pages -H "Origin: https://evil.example"`;
  expect(await shell.run(foreign)).toContain('"netlog: forbidden"');
});

test("nginx tells when a client has gone that waited, so that its message goes to the next one", async (context) => {
  const behind = await BehindNginx.start(context);
  await behind.call("/jobs", "POST");
  await behind.call("/jobs/scanner?id=s", "POST");
  const shell = await behind.shell();
  const waiting = async (): Promise<string | undefined> =>
    /^netlog_waiting_requests (\d+)$/m.exec(await behind.call("/-/metrics"))?.[1];
  await shell.run(`curl -sS "${URL_OUTSIDE}/jobs/scan?id=s&wait=1h" & CLIENT=$!`);
  await expect.poll(waiting).toBe("1");
  await shell.run("kill $CLIENT");
  await expect.poll(waiting).toBe("0");
  await behind.call("/jobs/payload", "POST", "kept");
  expect(await shell.run(`curl -sS "${URL_OUTSIDE}/jobs/scan?id=s"`)).toBe("kept");
});

describe("under a path", () => {
  const config = underPath(projectText(NGINX_CONFIG));

  test("a stream that was made is where its Location says", async (context) => {
    const shell = await (await BehindNginx.start(context, config)).shell();
    const stream = `${URL_OUTSIDE}/queue/-/streams/chats`;
    const made = await shell.run(`curl -sSi -XPUT ${stream} -H "Content-Type: text/plain" -d hello`);
    expect(made).toMatch(/^HTTP\/2 201 /);
    expect(made).toContain(`\nlocation: ${stream}\r\n`);
    expect(await shell.run(`curl -sS "${stream}?offset=-1"`)).toBe("hello");
  });

  test.skipIf(!browser.isThere)("the console shows the server", async (context) => {
    const behind = await BehindNginx.start(context, config);
    await behind.call("/orders", "POST");
    await behind.call("/orders/payload", "POST", "the first");
    const own = `https://localhost:${behind.port}/queue`;
    const { page, requests } = await browser.open(own, "#/topics/orders/messages", {
      ignoreHTTPSErrors: true,
    });
    await page.getByRole("textbox", { name: "Token" }).fill(behind.token);
    await page.getByRole("button", { name: "Use this token" }).click();
    await page.getByText("the first").first().waitFor();
    await behind.call("/orders/payload", "POST", "the second");
    await page.getByText("the second").first().waitFor();
    expect(requests.filter((url) => !url.startsWith(`${own}/`))).toEqual([]);
  });
});

test("nginx waits longer for an answer than a scan does for a message", () => {
  const [, waits = ""] = /^ *proxy_read_timeout (.*);$/m.exec(projectText(NGINX_CONFIG)) ?? [];
  expect(durationMs(parseDuration(waits))).toBeGreaterThan(LIMITS.waitMs);
});
