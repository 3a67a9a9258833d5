import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../../cmd/cli/usage-error.ts";
import { SERVE_OPTIONS } from "../../../cmd/options/options.ts";
import { parseOptions } from "../../../cmd/options/parse-options.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

function fileWith(text: string, name = "netlog.toml"): string {
  const path = `${temporaryFolder()}/${name}`;
  writeFileSync(path, text);
  return path;
}

function parse(path: string, args: readonly string[] = [], environment: Record<string, string> = {}) {
  return parseOptions(SERVE_OPTIONS, ["--config", path, ...args], environment);
}

/** What is said about a file, its own path left out. */
function complaint(text: string, name?: string): string {
  const path = fileWith(text, name);
  try {
    parse(path);
  } catch (error) {
    if (error instanceof UsageError) return error.message.replace(path, "<file>");
    throw error;
  }
  return "no complaint";
}

describe("a configuration file", () => {
  const values = {
    listen: { host: "", port: 7300 },
    segmentAge: "1day",
    batchNumMessages: 7,
    debug: true,
    allowedHosts: ["a.example", "b.example"],
    stopMs: 5000,
  };

  test("sets options in TOML, in the types of TOML", () => {
    const path = fileWith(`
      listen = ":7300"          # a comment
      segment-age = "1day"
      batch_num_messages = 7
      debug = true
      allowed_host = ["a.example", "b.example"]
      stop_timeout = "5s"
    `);
    expect(parse(path)).toMatchObject({ ...values, config: path });
  });

  test("sets options in JSON, where its name ends so", () => {
    const path = fileWith(
      '{"listen":":7300","segment_age":"1day","batch_num_messages":7,"debug":true,' +
        '"allowed_host":["a.example","b.example"],"stop_timeout":"5s"}',
      "netlog.JSON",
    );
    expect(parse(path)).toMatchObject(values);
  });

  test("takes every value also as a text, as it would be typed", () => {
    const path = fileWith('batch_num_messages = "7"\ndebug = "yes"\nallowed_host = "a.example,b.example"');
    const { batchNumMessages, debug, allowedHosts } = parse(path);
    expect({ batchNumMessages, debug, allowedHosts }).toEqual({
      batchNumMessages: 7,
      debug: true,
      allowedHosts: ["a.example", "b.example"],
    });
  });

  test("loses to the environment, and the environment to flags", () => {
    const path = fileWith('segment_age = "1day"\nloglevel = "error"\ncompression = 2');
    const environment = { NETLOG_SEGMENT_AGE: "2day", NETLOG_LOGLEVEL: "alert" };
    expect(parse(path, ["-segment_age", "3day"], environment)).toMatchObject({
      segmentAge: "3day",
      logLevel: "alert",
      compression: 2,
    });
  });

  test("is named by the environment, too", () => {
    const path = fileWith('segment_age = "1day"');
    expect(parseOptions(SERVE_OPTIONS, [], { NETLOG_CONFIG: path }).segmentAge).toBe("1day");
  });

  test("may be empty", () => {
    const config = fileWith("");
    expect(parse(config)).toEqual({ ...parseOptions(SERVE_OPTIONS, [], {}), config });
  });
});

describe("an error names a wrong file and the place", () => {
  test.each([
    [
      'segmnt_age = "1day"',
      /^<file>: unknown key "segmnt_age"; did you mean segment_age\? there are listen, /,
    ],
    ["[limits]\nstop_timeout = 1", /^<file>: unknown key "limits"; there are listen, /],
    ['config = "other.toml"', /^<file>: unknown key "config"; .*there are listen, /],
    ['segment_age = "30"', /^<file>: segment_age: "30" is not allowed; it takes a duration such as 30day, /],
    ["segment_age = 30", /^<file>: segment_age: 30 is not allowed; it takes a duration /],
    [
      "stop_timeout = 1979-05-27T07:32:00Z",
      /^<file>: stop_timeout: a table or date is not allowed; it takes /,
    ],
    ["dir = 7", /^<file>: dir: 7 is not allowed; it takes the path of a folder$/],
    [
      "batch_num_messages = 1.5",
      /^<file>: batch_num_messages: 1\.5 is not allowed; it takes a whole number /,
    ],
    ["debug = 1", /^<file>: debug: 1 is not allowed; it takes true or false$/],
    ['allowed_host = ["a b"]', /^<file>: allowed_host: \["a b"\] is not allowed; it takes host names /],
    ['allowed_host = ["a,b"]', /^<file>: allowed_host: \["a,b"\] is not allowed; /],
    ['dir = "a"\ndir = "b"', /^<file>:2:1: Invalid TOML document: trying to redefine /],
    ['segment-age = "1day"\nsegment_age = "1day"', /^<file>: segment_age is set twice$/],
    ['dir = "a\n', /^<file>:1:9: Invalid TOML document: /],
    [`listen = ${"[".repeat(20_000)}`, /^<file>:1:\d+: Invalid TOML document: .*nest/],
    ["listen: ':7200'", /^<file>:1:7: Invalid TOML document: /],
  ])("%j", (text, line) => {
    expect(complaint(text)).toMatch(line);
    expect(complaint(text)).not.toContain("\n");
  });

  test.each([
    ["", /^<file>: this is not JSON$/],
    ['{"dir":"a",}', /^<file>: this is not JSON, at position 11$/],
    ["[".repeat(20_000), /^<file>: this is nested too deep: it may have 64 levels /],
    ["[]", /^<file>: a JSON object is needed, /],
    ["null", /^<file>: a JSON object is needed, /],
    ['{"dir":null}', /^<file>: dir: null is not allowed; /],
    ['{"dir":{"a":1}}', /^<file>: dir: a table or date is not allowed; /],
  ])("JSON: %j", (text, line) => {
    expect(complaint(text, "netlog.json")).toMatch(line);
  });

  test("when it is not there, or a folder", () => {
    const folder = temporaryFolder();
    expect(() => parse(`${folder}/none.toml`)).toThrow(`${folder}/none.toml cannot be read (ENOENT)`);
    expect(() => parse(folder)).toThrow("cannot be read (EISDIR)");
  });

  test("also for what a flag sets otherwise", () => {
    const path = fileWith("segment_age = 30");
    expect(() => parse(path, ["-segment_age", "1day"])).toThrow(`${path}: segment_age: 30`);
  });
});
