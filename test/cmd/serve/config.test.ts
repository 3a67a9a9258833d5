import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { SERVE_OPTIONS } from "../../../cmd/options/options.ts";
import { parseOptions } from "../../../cmd/options/parse-options.ts";
import { type Ran, runCommand } from "../../support/run-command.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const config = (args: readonly string[], environment: Record<string, string> = {}): Promise<Ran> =>
  runCommand(["config", ...args], { environment });

const FLAGS = ["-listen", "[::1]:0", "--allowed-host", "a.example, b.example", "-debug", "-compression=2"];

test("prints each option once, with where it comes from", async () => {
  const path = `${temporaryFolder()}/netlog.toml`;
  writeFileSync(path, 'segment_age = "1day"\nloglevel = "error"');
  const { status, out } = await config(["-config", path, "-listen", ":0"], { NETLOG_LOGLEVEL: "debug" });
  expect(status).toBe(0);
  const lines = out.trimEnd().split("\n");
  expect(lines).toHaveLength(Object.keys(SERVE_OPTIONS).length - 1);
  expect(lines).toContainEqual(expect.stringMatching(/^listen = ":0" +# -listen$/));
  expect(lines).toContainEqual(expect.stringMatching(/^loglevel = "debug" +# NETLOG_LOGLEVEL$/));
  expect(lines).toContainEqual(expect.stringMatching(/^segment_age = "1day" +# /));
  expect(lines.find((line) => line.startsWith("segment_age"))).toContain(`# ${path}`);
  expect(lines).toContainEqual(expect.stringMatching(/^segment_size = 1073741824 +# default$/));
});

test("what it prints is a configuration file that means the same", async () => {
  const path = `${temporaryFolder()}/netlog.toml`;
  const { out } = await config(FLAGS);
  writeFileSync(path, out);
  expect(parseOptions(SERVE_OPTIONS, ["--config", path], {})).toEqual({
    ...parseOptions(SERVE_OPTIONS, FLAGS, {}),
    config: path,
  });
});

test("--json tells value, origin and source of each", async () => {
  const { out } = await config([...FLAGS, "--json"], { NETLOG_DIR: "/var/lib/netlog" });
  const printed = JSON.parse(out) as Record<string, unknown>;
  expect(Object.keys(printed)).toEqual(Object.values(SERVE_OPTIONS).map(({ name }) => name));
  expect(printed).toMatchObject({
    dir: { value: "/var/lib/netlog", origin: "environment", source: "NETLOG_DIR" },
    allowed_host: { value: ["a.example", "b.example"], origin: "flag", source: "--allowed-host" },
    debug: { value: true, origin: "flag", source: "-debug" },
    compression: { value: 2, origin: "flag", source: "-compression" },
    segment_age: { value: "30day", origin: "default", source: "default" },
  });
});

test("what is wrong is printed as serve prints it, with status 2", async () => {
  expect(await config(["-compression", "4"])).toMatchObject({
    status: 2,
    out: "",
    err: expect.stringMatching(/^netlog: -compression: "4" is not allowed; .*\n$/),
  });
  expect(await config(["--max-bytes-in-flight", "1048576"])).toMatchObject({
    status: 2,
    err: expect.stringMatching(
      /^netlog: max_bytes_in_flight is 1048576, and a message .* 16777216 bytes; .*\n$/,
    ),
  });
  expect(await config(["demo"])).toMatchObject({ status: 2, err: 'netlog: unexpected argument "demo"\n' });
});

test("check finds the data folder by the server's configuration file", async () => {
  const folder = temporaryFolder();
  writeFileSync(`${folder}/netlog.toml`, `dir = "${folder}/nothing"\nlisten = ":7300"`);
  const { status, err } = await runCommand(["check", "--config", `${folder}/netlog.toml`]);
  expect(status).toBe(1);
  expect(err).toContain(`${folder}/nothing`);
});

test("prints no password, nor does the refusal of a value that holds one", async () => {
  const settings = ["--db", "postgres://netlog:s3cret@host/db", "--view-set", "payloads.DB_PASSWORD=s3cret"];
  for (const format of [[], ["--json"]]) {
    const { status, out } = await config([...settings, ...format]);
    expect(status).toBe(0);
    expect(out).toContain("postgres://netlog:***@host/db");
    expect(out).toContain("payloads.DB_PASSWORD=***");
    expect(out).not.toContain("s3cret");
  }
  const folder = temporaryFolder();
  writeFileSync(`${folder}/netlog.toml`, 'db = "mysql://netlog:s3cret@host"\n');
  for (const args of [
    ["--db", "mysql://netlog:s3cret@host"],
    ["--config", `${folder}/netlog.toml`],
    ["--view-set", "payloads:DB_PASSWORD=s3cret"],
  ]) {
    const { status, err } = await config(args);
    expect(status).toBe(2);
    expect(err).toContain("***");
    expect(err).not.toContain("s3cret");
  }
});
